//! Reports as a table for people.

use comfy_table::{CellAlignment, Table, presets};

use super::report::{Latency, Report};

const HEADER: [&str; 10] =
    ["FLOW", "SENT", "RECEIVED", "LOST", "DUP", "REORD", "OTHER", "GAP MS", "LATENCY MS", "TTL"];

/// One line a flow, then a line for each thing that is not a number of the table.
pub fn render_table(reports: &[Report]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(HEADER);
    for report in reports {
        table.add_row(row(report));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = table.lines().map(|line| line.trim().to_owned());
    lines
        .chain(reports.iter().flat_map(notes))
        .fold(String::new(), |text, line| text + &line + "\n")
}

fn row(report: &Report) -> [String; HEADER.len()] {
    let latency = report.latency_ms.map_or("-".to_owned(), |latency| {
        let Latency { minimum, median, maximum } = latency;
        format!("{minimum:.2}/{median:.2}/{maximum:.2}")
    });
    let ttls: Vec<_> = report.ttl.iter().map(|(ttl, count)| format!("{ttl}:{count}")).collect();
    [
        report.name.clone(),
        report.sent.to_string(),
        report.received.to_string(),
        report.lost.to_string(),
        report.duplicated.to_string(),
        report.reordered.to_string(),
        (report.misdelivered + report.corrupted + report.stale).to_string(),
        report.longest_gap_ms.map_or("-".to_owned(), |gap| format!("{gap:.1}")),
        latency,
        ttls.join(" "),
    ]
}

fn notes(report: &Report) -> Vec<String> {
    let name = &report.name;
    let unsent =
        report.unsent.iter().map(|(reason, count)| format!("{name}: {count} unsent: {reason}"));
    let counted = [
        (report.in_flight, "under way"),
        (report.receiver_overflow, "of the lost ones had no room in the receiver's socket"),
        (report.misdelivered, "of another flow arrived"),
        (report.corrupted, "arrived that are no probe or were changed"),
        (report.stale, "arrived too late to tell whether they are duplicates"),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    unsent.chain(counted.map(|(count, text)| format!("{name}: {count} {text}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_what_happened() {
        let report = Report {
            name: "ce1-hub".to_owned(),
            sent: 10_000,
            received: 9_998,
            lost: 2,
            unsent: [("Network is unreachable".to_owned(), 3)].into(),
            longest_gap_ms: Some(3.04),
            latency_ms: Some(Latency { minimum: 35.5, median: 35.71, maximum: 36.0 }),
            ttl: [(61, 5_000), (62, 4_998)].into(),
            ..Report::default()
        };
        let expected = "\
FLOW      SENT  RECEIVED  LOST  DUP  REORD  OTHER  GAP MS         LATENCY MS              TTL
ce1-hub  10000      9998     2    0      0      0     3.0  35.50/35.71/36.00  61:5000 62:4998
ce1-hub: 3 unsent: Network is unreachable
";
        assert_eq!(render_table(&[report]), expected);
    }

    #[test]
    fn a_flow_of_which_nothing_arrived_has_no_gap_and_no_latency() {
        let report = Report { name: "a-b".to_owned(), sent: 9, lost: 9, ..Report::default() };
        let expected = "\
FLOW  SENT  RECEIVED  LOST  DUP  REORD  OTHER  GAP MS  LATENCY MS  TTL
a-b      9         0     9    0      0      0       -           -
";
        assert_eq!(render_table(std::slice::from_ref(&report)), expected);
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["longest_gap_ms"].is_null() && json["longest_gap_began_ms"].is_null());
    }
}
