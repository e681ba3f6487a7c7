//! Reading a topology file.

use std::{io::Read, sync::Arc};

use miette::{Diagnostic, NamedSource};
use serde_saphyr::Error as YamlError;

use super::{
    file::{Source, Topology},
    located::Span,
    mistake::{Mistake, PlanError},
};

/// Why a topology file could not be loaded.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LoadError {
    /// The file could not be read.
    #[error("cannot read the topology file {path}")]
    #[diagnostic(help("name a topology file with --topo, or `-` for standard input"))]
    Read {
        /// The file.
        path: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The text is not a topology.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Content(#[from] PlanError),
}

/// Reads a topology from a file, or from standard input when `path` is `-`.
pub fn load(path: &str) -> Result<Topology, LoadError> {
    let (name, text) = if path == "-" {
        let mut text = String::new();
        ("standard input", std::io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (path, std::fs::read_to_string(path))
    };
    let text = text.map_err(|source| LoadError::Read { path: name.to_owned(), source })?;
    Ok(parse(&text, name)?)
}

/// Reads a topology from `text`; `name` is what messages call it.
pub fn parse(text: &str, name: &str) -> Result<Topology, PlanError> {
    let source: Source = Arc::new(NamedSource::new(name, text.to_owned()).with_language("yaml"));
    match serde_saphyr::from_str::<Topology>(text) {
        Ok(topology) => Ok(Topology { source: Some(source), ..topology }),
        Err(error) => {
            let span = error.location().map(Span::from).unwrap_or_default();
            Err(PlanError::new(mistake(error.without_snippet()), span, Some(source)))
        }
    }
}

fn mistake(error: &YamlError) -> Mistake {
    match error {
        YamlError::SerdeUnknownField { field, expected, .. } => {
            Mistake::UnknownKey { key: field.clone(), known: expected.clone() }
        }
        YamlError::SerdeUnknownVariant { variant, expected, .. } => {
            Mistake::UnknownValue { value: variant.clone(), known: expected.clone() }
        }
        YamlError::SerdeMissingField { field, .. } => Mistake::MissingKey(field),
        YamlError::DuplicateMappingKey { key: Some(key), .. } => Mistake::DuplicateKey(key.clone()),
        YamlError::Message { msg, .. } => Mistake::Yaml(msg.clone()),
        // Its own rendering ends with "at line 3, column 7", which the caret says better.
        other => {
            let text = other.to_string();
            let text = text.split_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            Mistake::Yaml(text.to_owned())
        }
    }
}
