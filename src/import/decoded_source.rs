//! The bytes of a file as text: unpacked (gzip, Zstandard) and in UTF-8, told by its first bytes.
//!
//! This is below every importer, so that each format comes in each container. All of it is a
//! stream: memory is that of the decoders, whatever the file unpacks to.

use super::utf16_source::Utf16Source;
use super::zstd_source::{self, ZstdFrames};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

/// How gzip begins. Source: RFC 1952, section 2.3.1.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// What is read of a file at first, in bytes.
const FIRST_READ: usize = 16 << 10;

/// A file may unpack to so many times its size; beyond it is made to waste time. Transcripts unpack
/// to five to thirty times theirs.
const MOST_GROWTH: u64 = 250;

/// So many bytes are unpacked whatever the size of the file: one repeated line is no attack.
const FREE_GROWTH: u64 = 1 << 30;

/// The text of `source`; `on_bytes` hears of what is read of the file.
///
/// # Errors
/// What the source reports.
pub(super) fn open_decoded_source<'a>(
    source: Box<dyn Read + Send>,
    on_bytes: &'a dyn Fn(u64),
) -> io::Result<Box<dyn Read + 'a>> {
    let packed_bytes = Rc::new(Cell::new(0));
    let mut counted = CountedSource { source, on_bytes, bytes: Rc::clone(&packed_bytes) };
    let start = read_first(&mut counted, zstd_source::MAGIC.len())?;
    let is_gzip = start.starts_with(&GZIP);
    let is_zstd = zstd_source::begins_frame(&start);
    // Whatever was read to tell goes back in front of the rest.
    let whole: Box<dyn Read + 'a> = Box::new(Cursor::new(start).chain(counted));
    if is_gzip {
        let source = MultiGzDecoder::new(io::BufReader::new(whole));
        return Ok(decode_text(Box::new(BoundedGrowth { source, packed_bytes, unpacked: 0 })));
    }
    if is_zstd {
        let source = ZstdFrames::new(whole);
        return Ok(decode_text(Box::new(BoundedGrowth { source, packed_bytes, unpacked: 0 })));
    }
    Ok(decode_text(whole))
}

/// Text in UTF-8, whatever its byte order mark says.
fn decode_text<'a>(mut source: Box<dyn Read + 'a>) -> Box<dyn Read + 'a> {
    let start = match read_start(&mut source, 2) {
        Ok(start) => start,
        // What cannot be unpacked at all is told where its text would begin.
        Err(error) => return Box::new(DeferredError(Some(error))),
    };
    let Ok(mark) = <[u8; 2]>::try_from(start.as_slice()) else {
        return Box::new(Cursor::new(start).chain(source));
    };
    match Utf16Source::with_mark(mark, source) {
        Ok(text) => Box::new(text),
        Err(source) => Box::new(Cursor::new(start).chain(source)),
    }
}

/// At least so many bytes, and what comes with them: a small file is read at once.
fn read_first(source: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    // A read may give less than is asked for, and an interrupted one gives nothing.
    let mut first = vec![0; FIRST_READ];
    let mut end = 0;
    while end < bytes {
        match source.read(&mut first[end..]) {
            Ok(0) => break,
            Ok(read) => end += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    first.truncate(end);
    Ok(first)
}

fn read_start(source: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(bytes);
    source.take(bytes as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// An error that comes once, where reading had stopped; nothing if there was none.
pub(super) struct DeferredError(pub Option<io::Error>);

impl Read for DeferredError {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The bytes of the file itself.
struct CountedSource<'a> {
    source: Box<dyn Read + Send>,
    on_bytes: &'a dyn Fn(u64),
    bytes: Rc<Cell<u64>>,
}

impl Read for CountedSource<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        (self.on_bytes)(read as u64);
        Ok(read)
    }
}

/// Ends a file that unpacks to more than any text does.
struct BoundedGrowth<R> {
    source: R,
    packed_bytes: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Read for BoundedGrowth<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.unpacked += read as u64;
        if self.unpacked > FREE_GROWTH + MOST_GROWTH * self.packed_bytes.get() {
            let message = format!("it unpacks to more than {MOST_GROWTH} times its size");
            return Err(io::Error::other(message));
        }
        Ok(read)
    }
}

/// The longest text that a packed recording may hold, in bytes.
const MOST_UNPACKED: u64 = 1 << 30;

/// The text of a whole file, packed or not.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn decode_file(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let packed = bytes.len() as u64;
    let source = open_decoded_source(Box::new(io::Cursor::new(bytes)), &|_| {})?;
    // A packed file may unpack to far more than memory holds.
    let most = MOST_UNPACKED.max(packed);
    source.take(most + 1).read_to_end(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other("it unpacks to more than 1 GiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write as _;

    fn decode(bytes: Vec<u8>) -> (Vec<u8>, Option<String>) {
        let mut text = Vec::new();
        let source = open_decoded_source(Box::new(Cursor::new(bytes)), &|_| {});
        let error = source.and_then(|mut source| source.read_to_end(&mut text)).err();
        (text, error.map(|error| error.to_string()))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text).and_then(|()| packed.finish()).expect("a vector can be written")
    }

    #[test]
    fn every_container_gives_its_text() {
        let text = b"{\"type\":\"user\"}\n".repeat(9_000);
        let utf16: Vec<u8> = "\u{FEFF}{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let zstd = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        for (bytes, expect) in [
            (text.clone(), text.as_slice()),
            (gzip(&text), &text),
            ([gzip(&text[..90]), gzip(&text[90..])].concat(), &text),
            (zstd.clone(), &text),
            ([&b"\x50\x2A\x4D\x18\x04\0\0\0size"[..], &zstd].concat(), &text),
            (b"P*M".to_vec(), b"P*M"),
            (utf16.clone(), b"{}\n"),
            (gzip(&utf16), b"{}\n"),
            (b"{".to_vec(), b"{"),
            (Vec::new(), b""),
        ] {
            assert_eq!(decode(bytes), (expect.to_vec(), None));
        }
    }

    #[test]
    fn a_cut_gzip_file_gives_what_stands_before_the_cut() {
        let text: Vec<u8> =
            (0..40_000_u32).flat_map(|at| format!("{}\n", at * at % 7_919).into_bytes()).collect();
        let packed = gzip(&text);
        let (plain, error) = decode(packed[..packed.len() - 40].to_vec());
        assert!(text.starts_with(&plain) && plain.len() > text.len() / 2 && error.is_some());
        assert!(decode(packed[..12].to_vec()).1.is_some());
    }

    #[test]
    fn a_file_that_only_grows_is_ended() {
        // Blocks of one repeated byte: three bytes and one for 128 KiB each.
        let block = [&(((128_u32 << 10) << 3) | 2).to_le_bytes()[..3], b"x"].concat();
        let header = [&zstd_source::MAGIC[..], &[0, 0x58]].concat();
        let bomb = [header, block.repeat(9_000)].concat();
        let source = open_decoded_source(Box::new(Cursor::new(bomb)), &|_| {});
        let error = source.and_then(|mut source| io::copy(&mut source, &mut io::sink()));
        let error = error.map_err(|error| error.to_string());
        assert_eq!(error, Err("it unpacks to more than 250 times its size".to_owned()));
    }
}
