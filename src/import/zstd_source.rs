//! Files compressed by Zstandard, unpacked in a stream.
//!
//! Memory is bounded by the decoder's window, at most 100 MiB. A file that was cut gives everything
//! up to its last whole block, then an error: the decoder keeps a window back until the frame ends,
//! so that a frame that was cut is ended for it.

use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// How a Zstandard frame begins. Source: RFC 8878, section 3.1.1.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The content of one frame after the other.
pub(super) struct ZstdFrames<'a> {
    decoder: Option<StreamingDecoder<ZstdBlocks<'a>, ruzstd::decoding::FrameDecoder>>,
    /// The source between two frames.
    blocks: Option<ZstdBlocks<'a>>,
}

impl<'a> ZstdFrames<'a> {
    /// The frames of `source`.
    pub fn new(source: Box<dyn Read + 'a>) -> Self {
        Self { decoder: None, blocks: Some(ZstdBlocks::new(source)) }
    }
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let read = decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                // The frame is at its end: the source is handed back for the next one.
                self.blocks = self.decoder.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut blocks) = self.blocks.take() else {
                return Ok(0);
            };
            if !blocks.next_frame()? {
                return Ok(0);
            }
            self.decoder = Some(StreamingDecoder::new(blocks).map_err(io::Error::other)?);
        }
    }
}

/// Hands a frame to the decoder in whole blocks; ends a frame that was cut.
struct ZstdBlocks<'a> {
    source: Box<dyn Read + 'a>,
    /// What the decoder may read, and how far it has.
    ready: Vec<u8>,
    at: usize,
    /// Within a frame, before its last block.
    open: bool,
    checksum: bool,
    cut: bool,
}

/// The last block of a frame, empty. Source: RFC 8878, section 3.1.1.2.
const END: [u8; 3] = [1, 0, 0];

/// Bytes of a checksum behind the last block.
const CHECKSUM: usize = 4;

/// Frames that hold no content begin with these bytes, whatever their lowest half byte.
const SKIPPABLE: [u8; 3] = [0x2A, 0x4D, 0x18];

/// Whether bytes begin a frame of either kind: parallel packers put one without content first.
pub(super) fn begins_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || begins_skippable_frame(bytes)
}

/// Sixteen magic numbers mark frames without content: RFC 8878, section 3.1.2.
fn begins_skippable_frame(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0xF0 == 0x50) && bytes[1..].starts_with(&SKIPPABLE)
}

impl<'a> ZstdBlocks<'a> {
    fn new(source: Box<dyn Read + 'a>) -> Self {
        Self { source, ready: Vec::new(), at: 0, open: false, checksum: false, cut: false }
    }

    /// Reads so many bytes more; false where the file ends before.
    fn fetch_bytes(&mut self, bytes: usize) -> io::Result<bool> {
        let before = self.ready.len();
        self.source.by_ref().take(bytes as u64).read_to_end(&mut self.ready)?;
        Ok(self.ready.len() - before == bytes)
    }

    /// Reads the header of the next frame; false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.cut {
                // Everything before the cut has been handed out by now.
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "compressed data is cut"));
            }
            (self.ready, self.at) = (Vec::new(), 0);
            let whole = self.fetch_bytes(MAGIC.len())?;
            if self.ready.is_empty() {
                return Ok(false);
            }
            if begins_skippable_frame(&self.ready) {
                self.skip_frame()?;
                continue;
            }
            if !whole || self.ready != MAGIC {
                return Err(io::Error::other("compressed data is followed by something else"));
            }
            if !self.fetch_bytes(1)? {
                self.cut = true;
                continue;
            }
            // The header's length depends on its first byte: RFC 8878, section 3.1.1.1.
            let descriptor = self.ready[4];
            let single = descriptor & 0x20 != 0;
            let content_size = match descriptor >> 6 {
                0 => usize::from(single),
                power => 1 << power,
            };
            let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
            self.checksum = descriptor & 4 != 0;
            if !self.fetch_bytes(usize::from(!single) + dictionary + content_size)? {
                self.cut = true;
                continue;
            }
            self.open = true;
            return Ok(true);
        }
    }

    fn skip_frame(&mut self) -> io::Result<()> {
        self.cut = !self.fetch_bytes(4)?;
        if let Some(size) = self.ready.last_chunk().filter(|_| !self.cut) {
            let size = u64::from(u32::from_le_bytes(*size));
            self.cut = io::copy(&mut self.source.by_ref().take(size), &mut io::sink())? < size;
        }
        Ok(())
    }

    /// Makes the next block ready, or an end where the file has none.
    fn next_block(&mut self) -> io::Result<()> {
        (self.at, self.open) = (0, false);
        self.ready.clear();
        let mut whole = self.fetch_bytes(END.len())?;
        if whole {
            let header = u32::from_le_bytes([self.ready[0], self.ready[1], self.ready[2], 0]);
            // A run stores one byte, however many it stands for: RFC 8878, section 3.1.1.2.
            let run = header >> 1 & 3 == 1;
            self.open = header & 1 == 0;
            let checksum = if !self.open && self.checksum { CHECKSUM } else { 0 };
            whole = self.fetch_bytes(if run { 1 } else { (header >> 3) as usize } + checksum)?;
        }
        if !whole {
            // An empty last block in place of the one that was cut makes the decoder give up what
            // it holds back; its checksum is never compared.
            (self.cut, self.open) = (true, false);
            self.ready.clear();
            self.ready.extend(END);
            self.ready.extend([0; CHECKSUM]);
        }
        Ok(())
    }
}

impl Read for ZstdBlocks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() && self.open {
            self.next_block()?;
        }
        let read = (&self.ready[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn read(packed: Vec<u8>) -> (Vec<u8>, Option<String>) {
        let mut plain = Vec::new();
        let error = ZstdFrames::new(Box::new(packed.as_slice())).read_to_end(&mut plain).err();
        (plain, error.map(|error| error.to_string()))
    }

    fn text() -> Vec<u8> {
        (0..40_000_u32)
            .flat_map(|at| format!("line {} of many\n", at * at % 7_919).into_bytes())
            .collect()
    }

    #[test]
    fn frames_come_back_one_after_the_other() {
        let text = text();
        let packed = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        assert!(packed.len() < text.len() / 2);
        assert_eq!(read(packed.clone()), (text.clone(), None));
        let skippable = [&[0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 7, 7, 7][..], &packed].concat();
        assert_eq!(read([packed, skippable].concat()), ([&text[..], &text].concat(), None));
        assert_eq!(read(Vec::new()), (Vec::new(), None));
    }

    #[test]
    fn what_stands_before_a_cut_is_kept() {
        let text = text();
        let packed = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        let (plain, error) = read(packed[..packed.len() - 9].to_vec());
        assert!(plain.len() >= text.len() / 2 && text.starts_with(&plain), "{}", plain.len());
        assert_eq!(error.as_deref(), Some("compressed data is cut"));
        for length in [4, 5, 6, 20] {
            let (plain, error) = read(packed[..length].to_vec());
            assert!(plain.is_empty() && error.is_some(), "{length}: {plain:?} {error:?}");
        }
        let (plain, error) = read([&packed[..], b"more"].concat());
        assert_eq!(plain, text);
        assert_eq!(error.as_deref(), Some("compressed data is followed by something else"));
    }
}
