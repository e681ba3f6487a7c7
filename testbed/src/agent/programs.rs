//! Where the programs of a lab are.

use std::{
    env, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Environment variable naming the directory that holds `erlab`, `ercontrol`, `msee` and `ergw`.
pub const DIRECTORY_VARIABLE: &str = "ERLAB_BIN_DIR";

/// Why a program was not found.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProgramError {
    /// It is not where it should be.
    #[error("the program `{program}` is not at {}", path.display())]
    #[diagnostic(help(
        "build all programs (`cargo build --release`) or install them beside erlab; \
         {DIRECTORY_VARIABLE} names another directory"
    ))]
    Missing {
        /// Its name.
        program: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The running program's own path is unknown.
    #[error("the path of the running erlab cannot be read")]
    #[diagnostic(help("set {DIRECTORY_VARIABLE} to the directory of the programs"))]
    Own(#[source] io::Error),
}

/// The path of `program`: in [`DIRECTORY_VARIABLE`]'s directory if that is set, else beside the
/// running executable.
pub fn find(program: &str) -> Result<PathBuf, ProgramError> {
    let directory = match env::var_os(DIRECTORY_VARIABLE) {
        Some(directory) => PathBuf::from(directory),
        None => own_directory().map_err(ProgramError::Own)?,
    };
    find_in(&directory, program)
}

/// A rebuilt program's own link reads `/path/erlab (deleted)`; its directory is right all the same.
fn own_directory() -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

fn find_in(directory: &Path, program: &str) -> Result<PathBuf, ProgramError> {
    let path = directory.join(program);
    let executable = path
        .metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if executable {
        Ok(path)
    } else {
        Err(ProgramError::Missing { program: program.to_owned(), path })
    }
}

#[cfg(test)]
mod tests;
