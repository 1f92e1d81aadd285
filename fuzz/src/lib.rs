//! What the fuzz targets share.

/// Cuts an input into pieces; its first byte says how. Streams must not care where they are cut, so every target that
/// reads a stream runs the whole and the pieces and compares.
pub fn pieces(data: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let Some((&seed, whole)) = data.split_first() else { return (data, Vec::new()) };
    let mut state = u32::from(seed);
    let (mut rest, mut pieces) = (whole, Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let longest = if seed % 2 == 0 { 3 } else { 64 };
        let (piece, after) = rest.split_at((1 + (state >> 16) as usize % longest).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    (whole, pieces)
}
