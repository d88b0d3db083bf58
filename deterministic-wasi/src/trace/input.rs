//! A reader on a tape.

use std::io::{self, Read};

use super::call::Source;
use super::wire::put;

/// What a reader gives, in the same pieces.
#[derive(Debug)]
pub struct TapedRead<R> {
    source: Source,
    /// `None` where it is replayed; then there is nothing after what the tape has.
    inner: Option<R>,
}

impl<R> TapedRead<R> {
    pub(super) fn new(source: Source, inner: Option<R>) -> Self {
        TapedRead { source, inner }
    }
}

impl<R: Read> Read for TapedRead<R> {
    /// The question is how many bytes there is room for.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut question = Vec::new();
        put(&mut question, buf.len() as u64);
        let inner = &mut self.inner;
        let read = self.source.bytes(&question, || -> io::Result<_> {
            let Some(inner) = inner else { return Ok(Vec::new()) };
            loop {
                match inner.read(buf) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => return read.map(|read| buf[..read].to_vec()),
                }
            }
        });
        let bytes = read.map_err(super::TraceError::into_io)?.map_err(io::Error::other)?;
        match buf.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            None => Err(self.source.misunderstood("more bytes than there is room for").into_io()),
        }
    }
}
