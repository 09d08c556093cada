/// What becomes of a genuine text when the octets of an input are three by three taken for edits of it: a position,
/// a kind of edit, a character. No edits leave it as it is.
pub(crate) fn edited(genuine: &str, edits: &[u8]) -> String {
    let mut characters: Vec<char> = genuine.chars().collect();
    for edit in edits.chunks_exact(3) {
        let &[position, kind, character] = edit else { continue };
        let position = usize::from(position) * characters.len() / 256;
        let character = char::from(character);
        match kind % 4 {
            0 => characters.insert(position, character),
            1 if !characters.is_empty() => characters[position] = character,
            2 if !characters.is_empty() => drop(characters.remove(position)),
            _ => characters.truncate(position),
        }
    }
    characters.into_iter().collect()
}
