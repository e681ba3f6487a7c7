//! The `erlab` program.

fn main() -> std::process::ExitCode {
    erlab::commands::main()
}
