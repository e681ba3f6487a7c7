use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_only_topology_file_is_taken() {
    assert_eq!(only_file(&names(&["README.md", "a.er.yml"])), Ok("a.er.yml".to_owned()));
}

#[test]
fn none_or_several_are_for_the_user_to_decide() {
    assert_eq!(only_file(&names(&["README.md", "a.yml"])), Err(NoFile::None));
    assert_eq!(
        only_file(&names(&["a.er.yml", "b.er.yml"])),
        Err(NoFile::Several(names(&["a.er.yml", "b.er.yml"])))
    );
}
