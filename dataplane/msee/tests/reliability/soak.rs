//! How long a promise is tested: seconds in an ordinary run, as long as it says with `ERLAB_SOAK=1`.

/// `short`, or `full` in a soak: rounds, or seconds.
pub fn rounds(short: u32, full: u32) -> u32 {
    let is_full = std::env::var_os("ERLAB_SOAK").is_some_and(|value| value != "0");
    if is_full { full } else { short }
}
