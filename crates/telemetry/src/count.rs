/// A count as Prometheus has it, which knows floating-point numbers only. Of what there are as many as that, the
/// greatest is told.
pub(crate) fn count(things: impl TryInto<u32>) -> f64 {
    f64::from(things.try_into().unwrap_or(u32::MAX))
}
