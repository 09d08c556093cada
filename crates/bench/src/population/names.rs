//! What people are called: given names from all over the alphabet, family names put together from syllables.

use rand::Rng;
use rand::seq::IndexedRandom as _;

/// A given name as its bearer writes it, and as they spell it in an address.
const GIVEN: [(&str, &str); 64] = [
    ("Ada", "ada"),
    ("Ahmed", "ahmed"),
    ("Åsa", "asa"),
    ("Beatriz", "beatriz"),
    ("Björn", "bjoern"),
    ("Bruno", "bruno"),
    ("Carmen", "carmen"),
    ("Chloé", "chloe"),
    ("Cyril", "cyril"),
    ("Daniel", "daniel"),
    ("Divya", "divya"),
    ("Dušan", "dusan"),
    ("Elena", "elena"),
    ("Emre", "emre"),
    ("Étienne", "etienne"),
    ("Fatima", "fatima"),
    ("Felix", "felix"),
    ("Freya", "freya"),
    ("Gabriel", "gabriel"),
    ("Grace", "grace"),
    ("Günther", "guenther"),
    ("Hana", "hana"),
    ("Henrik", "henrik"),
    ("Hugo", "hugo"),
    ("Ibrahim", "ibrahim"),
    ("Ingrid", "ingrid"),
    ("Isabel", "isabel"),
    ("Jakub", "jakub"),
    ("José", "jose"),
    ("Julia", "julia"),
    ("Kenji", "kenji"),
    ("Khadija", "khadija"),
    ("Lars", "lars"),
    ("Léa", "lea"),
    ("Lucía", "lucia"),
    ("Magnus", "magnus"),
    ("Mei", "mei"),
    ("Mohammed", "mohammed"),
    ("Nadia", "nadia"),
    ("Nikolai", "nikolai"),
    ("Olga", "olga"),
    ("Omar", "omar"),
    ("Paula", "paula"),
    ("Priya", "priya"),
    ("Quentin", "quentin"),
    ("Raúl", "raul"),
    ("Rosa", "rosa"),
    ("Samir", "samir"),
    ("Sofia", "sofia"),
    ("Stefan", "stefan"),
    ("Tariq", "tariq"),
    ("Thandiwe", "thandiwe"),
    ("Ulrike", "ulrike"),
    ("Umberto", "umberto"),
    ("Valentina", "valentina"),
    ("Viktor", "viktor"),
    ("Wei", "wei"),
    ("Wilhelm", "wilhelm"),
    ("Ximena", "ximena"),
    ("Yasmin", "yasmin"),
    ("Yusuf", "yusuf"),
    ("Zara", "zara"),
    ("Zoë", "zoe"),
    ("Zbigniew", "zbigniew"),
];

const STARTS: [&str; 48] = [
    "Ab", "Ar", "Bal", "Ber", "Bran", "Cas", "Cor", "Dal", "Dor", "El", "Er", "Fal", "Fen", "Gar", "Gol",
    "Hal", "Hol", "Il", "Is", "Jan", "Jor", "Kal", "Ker", "Lan", "Lor", "Mal", "Mor", "Nal", "Nor", "Ol",
    "Or", "Pal", "Per", "Quin", "Ral", "Ros", "Sal", "Sor", "Tal", "Tor", "Ul", "Val", "Ver", "Wal", "Win",
    "Xan", "Yor", "Zim",
];
const MIDDLES: [&str; 10] = ["", "a", "e", "i", "o", "an", "en", "er", "in", "ov"];
const ENDS: [&str; 24] = [
    "berg", "dale", "der", "dez", "feld", "ford", "gan", "ic", "ley", "mann", "nen", "ner", "nov", "quist",
    "rez", "sen", "shi", "ski", "son", "stein", "ton", "ura", "witz", "wood",
];

/// A given name and a family name, and how they are spelt in addresses.
pub(super) struct FullName {
    pub(super) given: &'static str,
    pub(super) family: String,
    pub(super) given_spelt: &'static str,
    pub(super) family_spelt: String,
}

impl FullName {
    pub(super) fn draw(random: &mut impl Rng) -> Self {
        let (given, given_spelt) = pick(&GIVEN, random);
        let family = [pick(&STARTS, random), pick(&MIDDLES, random), pick(&ENDS, random)].concat();
        Self { given, given_spelt, family_spelt: family.to_ascii_lowercase(), family }
    }
}

/// Any of some choices, of which there is one at least.
pub(super) fn pick<T: Copy>(choices: &[T], random: &mut impl Rng) -> T {
    *choices.choose(random).expect("there is a choice")
}
