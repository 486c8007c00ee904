//! The scan of one source: names are resolved through its `use` items, then each path and macro is
//! held against the rules.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, UseTree};

mod rules;

use rules::{Exemption, judge_import, judge_path};

/// Something that must not be there.
#[derive(Debug)]
pub(crate) struct Finding {
    /// In this line.
    pub(crate) line: usize,
    /// What, and why it is not allowed.
    pub(crate) what: String,
}

/// Everything in `text`, the source at `path` from the workspace's root, that breaks a rule.
pub(crate) fn scan(path: &str, text: &str) -> syn::Result<Vec<Finding>> {
    let file = syn::parse_file(text)?;
    let mut imports = Imports::default();
    imports.visit_file(&file);
    let mut scanner = Scanner {
        path,
        imports: imports.names,
        exempt: vec![Exemption::of_file(path), Exemption::of(&file.attrs)],
        findings: Vec::new(),
    };
    scanner.visit_file(&file);
    Ok(scanner.findings)
}

/// What each name stands for that a `use` brings in, wherever in the file.
#[derive(Default)]
struct Imports {
    names: BTreeMap<String, Vec<String>>,
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for (name, path, _) in flatten(&item.tree) {
            self.names.insert(name, path);
        }
    }
}

/// A use tree as (name brought in, full path, where).
fn flatten(tree: &UseTree) -> Vec<(String, Vec<String>, Span)> {
    match tree {
        UseTree::Path(path) => {
            let head = path.ident.to_string();
            let mut below = flatten(&path.tree);
            for (name, rest, _) in &mut below {
                if name == "self" {
                    name.clone_from(&head);
                    rest.clear();
                }
                rest.insert(0, head.clone());
            }
            below
        }
        UseTree::Name(name) => {
            vec![(name.ident.to_string(), vec![name.ident.to_string()], name.ident.span())]
        }
        UseTree::Rename(renamed) => {
            let path = vec![renamed.ident.to_string()];
            vec![(renamed.rename.to_string(), path, renamed.ident.span())]
        }
        UseTree::Glob(_) => Vec::new(),
        UseTree::Group(group) => group.items.iter().flat_map(flatten).collect(),
    }
}

struct Scanner<'a> {
    path: &'a str,
    imports: BTreeMap<String, Vec<String>>,
    /// What the items around the current place may do.
    exempt: Vec<Exemption>,
    findings: Vec<Finding>,
}

impl Scanner<'_> {
    fn exemption(&self) -> Exemption {
        self.exempt.iter().fold(Exemption::default(), |all, one| all.with(*one))
    }

    fn within(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        self.exempt.push(Exemption::of(attributes));
        visit(self);
        self.exempt.pop();
    }

    fn report(&mut self, span: Span, what: impl Into<String>) {
        self.findings.push(Finding { line: span.start().line, what: what.into() });
    }

    /// Holds a path against the rules, its first name resolved.
    fn check(&mut self, segments: &[String], span: Span) {
        let full = match segments.split_first() {
            Some((first, rest)) => match self.imports.get(first) {
                Some(path) => path.iter().chain(rest).cloned().collect(),
                None => segments.to_vec(),
            },
            None => return,
        };
        if let Some(what) = judge_path(self.path, &full, self.exemption()) {
            self.report(span, what);
        }
    }

    /// Paths and macros in tokens that only the macro they are given to can parse.
    fn check_tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut last = None;
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.finish(&mut segments, last);
                    }
                    segments.push(ident.to_string());
                    last = Some(ident.span());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) if punct.as_char() == '!' => {
                    if let Some(TokenTree::Group(group)) = tokens.get(index + 1) {
                        self.check_macro(&segments.clone(), group.stream(), punct.span());
                    }
                    self.finish(&mut segments, last);
                    colons = 0;
                }
                TokenTree::Group(group) => {
                    self.finish(&mut segments, last);
                    colons = 0;
                    if group.delimiter() != Delimiter::None || !group.stream().is_empty() {
                        self.check_tokens(group.stream());
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.finish(&mut segments, last);
                    colons = 0;
                }
            }
        }
        self.finish(&mut segments, last);
    }

    fn finish(&mut self, segments: &mut Vec<String>, span: Option<Span>) {
        if let Some(span) = span.filter(|_| !segments.is_empty()) {
            self.check(segments, span);
        }
        segments.clear();
    }

    /// A `select!` has to say that it looks at its branches in order.
    fn check_macro(&mut self, segments: &[String], tokens: TokenStream, span: Span) {
        let Some(name) = segments.last() else { return };
        if name != "select" {
            return;
        }
        if segments.first().is_some_and(|first| first.starts_with("futures")) {
            self.report(span, "futures::select! picks among ready branches at random");
            return;
        }
        let mut tokens = tokens.into_iter();
        let biased = matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "biased");
        if !biased {
            self.report(span, "select! without `biased;` picks among ready branches at random");
        }
    }
}

impl<'ast> Visit<'ast> for Scanner<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within(attributes_of_item(item), |scanner| visit::visit_item(scanner, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, |scanner| visit::visit_impl_item_fn(scanner, item));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, |scanner| visit::visit_local(scanner, local));
    }

    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        let attributes = match expression {
            syn::Expr::Block(block) => &block.attrs[..],
            syn::Expr::Call(call) => &call.attrs[..],
            syn::Expr::MethodCall(call) => &call.attrs[..],
            _ => &[],
        };
        self.within(attributes, |scanner| visit::visit_expr(scanner, expression));
    }

    fn visit_attribute(&mut self, _attribute: &'ast Attribute) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for (_, path, span) in flatten(&item.tree) {
            if let Some(what) = judge_import(self.path, &path, self.exemption()) {
                self.report(span, what);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|one| one.ident.to_string()).collect();
        if let Some(last) = path.segments.last() {
            self.check(&segments, last.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "spawn_blocking" && !self.exemption().methods {
            self.report(call.method.span(), "spawn_blocking runs on a thread of its own");
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        let path = &invocation.path.segments;
        let segments: Vec<String> = path.iter().map(|one| one.ident.to_string()).collect();
        if let Some(last) = path.last() {
            self.check_macro(&segments, invocation.tokens.clone(), last.ident.span());
        }
        self.check_tokens(invocation.tokens.clone());
    }
}

fn attributes_of_item(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
