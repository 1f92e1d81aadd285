//! What becomes of a body on its way. The fuzz targets use it, too.

/// What must arrive of a body: every line end as CRLF, and one at the end.
pub fn mended(body: &[u8]) -> Vec<u8> {
    let mut mended = Vec::new();
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                mended.extend_from_slice(b"\r\n");
            }
            b'\n' => mended.extend_from_slice(b"\r\n"),
            byte => mended.push(byte),
        }
    }
    if !mended.is_empty() && !mended.ends_with(b"\r\n") {
        mended.extend_from_slice(b"\r\n");
    }
    mended
}
