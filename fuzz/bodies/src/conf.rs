use steadfast_conf::{Style, Surroundings, parse_in};

/// Reads arbitrary bytes as a configuration: a model if and only if there are no errors, everything
/// that is said can be shown, and what is printed of a model means the same.
pub fn conf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let surroundings = Surroundings { config_id: "main".to_owned(), ..Surroundings::default() };
    let loaded = parse_in("fuzz.conf", text, &surroundings);
    assert_eq!(loaded.model.is_none(), loaded.diagnostics.has_errors());
    for style in [Style::Plain, Style::Coloured] {
        assert_eq!(loaded.render(style).is_empty(), loaded.diagnostics.is_empty());
    }
    assert!(!loaded.json().is_empty());
    for said in loaded.diagnostics.iter() {
        let spans = said.span.into_iter().chain(said.related.iter().map(|(span, _)| *span));
        for span in spans {
            assert!(loaded.sources.location(span).is_some(), "{}", said.message);
        }
    }
    if let Some(model) = loaded.model {
        let printed = model.to_string();
        let again = parse_in("printed.conf", &printed, &surroundings);
        assert!(again.model.as_ref() == Some(&model), "{printed}{}", again.render(Style::Plain));
    }
}
