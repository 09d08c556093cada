//! Unicode rules that several values share.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// The form in which two texts are equal when they differ in case or compatibility only:
/// NFKC, then simple case folding, then NFKC again because folding can undo it.
///
/// Simple folding maps one character to one, so it never makes two addresses meet that
/// a reader would tell apart (`ß` and `ss`, dotless `ı` and `i`).
pub(super) fn folded(text: &str) -> String {
    // All of that leaves ASCII as it is, but for capitals, and hardly any address has more.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfkc = ComposingNormalizer::new_nfkc();
    let case = CaseMapper::new();
    let folded: String =
        nfkc.normalize_iter(text.chars()).map(|character| case.simple_fold(character)).collect();
    nfkc.normalize(&folded).into_owned()
}

/// Whether a character can hide or reorder the text around it: controls, format characters that
/// are invisible, and bidirectional overrides.
pub(super) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{3164}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_folds_by_the_rules_for_all_text() {
        let ascii: String = ('\0'..='\x7f').collect();
        // A character that neither rule changes, so that the text is not ASCII alone.
        let among_others = folded(&format!("{ascii}字"));
        assert_eq!(among_others, format!("{}字", folded(&ascii)));
    }
}
