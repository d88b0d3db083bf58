#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod call_depth;
mod component;
mod custom;
pub mod memories;
pub mod nan;
pub mod profile;
mod rewriting;
pub mod start;
pub mod stopwatch;
mod summary;
