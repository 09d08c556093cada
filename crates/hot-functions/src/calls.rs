use std::hint::black_box;
use std::rc::Rc;

/// One call of a hot function, with its input: what is measured.
pub type Call = Box<dyn FnOnce()>;

/// Makes as many calls of a hot function as one likes. What they share lasts as long as this does.
pub type Calls = Box<dyn FnMut() -> Call>;

/// Calls of `function`, each with an input of its own.
pub(crate) fn with_inputs<I: 'static, O>(
    mut input: impl FnMut() -> I + 'static,
    function: impl Fn(I) -> O + 'static,
) -> Calls {
    let function = Rc::new(function);
    Box::new(move || {
        let (input, function) = (input(), Rc::clone(&function));
        Box::new(move || {
            black_box(function(black_box(input)));
        })
    })
}

/// Calls of `function`, all of them the same.
pub(crate) fn alike<O>(function: impl Fn() -> O + 'static) -> Calls {
    with_inputs(|| (), move |()| function())
}
