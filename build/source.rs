//! A face's Rust source, reduced to what its header shows.
//!
//! cbindgen gets a copy that holds only public constants and types and the exported functions without their bodies. So
//! it has nothing to stumble over, and every warning means something. `extern "system"` becomes `extern "C"` in the copy,
//! because cbindgen leaves those functions out without a word; who they were is remembered for `text.rs`.

use quote::ToTokens;
use std::collections::BTreeSet;
use syn::{Abi, Attribute, Item, ReturnType, Type, Visibility};

/// What a source shows to C.
#[derive(Default)]
pub struct Surface {
    /// The copy for cbindgen.
    pub text: String,
    /// Names of its functions.
    pub functions: BTreeSet<String>,
    /// Names of all its items.
    pub names: BTreeSet<String>,
    /// Functions with the system's calling convention.
    pub system_functions: BTreeSet<String>,
    /// Function pointer types with the system's calling convention.
    pub system_callbacks: BTreeSet<String>,
}

/// Reads a source.
pub fn surface(source: &str) -> Result<Surface, String> {
    let file = syn::parse_file(source).map_err(|e| {
        let at = e.span().start();
        format!("line {}: {e}", at.line)
    })?;
    let mut surface = Surface::default();
    for item in file.items {
        surface.take(item)?;
    }
    Ok(surface)
}

impl Surface {
    fn take(&mut self, mut item: Item) -> Result<(), String> {
        let name = match &mut item {
            Item::Fn(function) => {
                let Some(name) = exported_name(function)? else { return Ok(()) };
                if is_system(&function.sig.abi) {
                    self.system_functions.insert(name.clone());
                    function.sig.abi = Some(syn::parse_quote!(extern "C"));
                }
                for input in &mut function.sig.inputs {
                    if let syn::FnArg::Typed(argument) = input {
                        refuse_system(&argument.ty, &name)?;
                    }
                }
                if let ReturnType::Type(_, returned) = &function.sig.output {
                    refuse_system(returned, &name)?;
                }
                // cbindgen cannot read `unsafe(export_name = "...")`: the copy just has the name.
                function.attrs.retain(is_documentation);
                without_safety(&mut function.attrs);
                function.attrs.push(syn::parse_quote!(#[unsafe(no_mangle)]));
                function.sig.ident = syn::Ident::new(&name, function.sig.ident.span());
                *function.block = syn::parse_quote!({});
                self.functions.insert(name.clone());
                name
            }
            Item::Const(item) if shown(&item.vis, &item.attrs) => item.ident.to_string(),
            Item::Enum(item) if shown(&item.vis, &item.attrs) => item.ident.to_string(),
            Item::Type(item) if shown(&item.vis, &item.attrs) => {
                let name = item.ident.to_string();
                if make_plain(&mut item.ty) {
                    self.system_callbacks.insert(name.clone());
                }
                name
            }
            Item::Struct(item) if shown(&item.vis, &item.attrs) => {
                let name = item.ident.to_string();
                for field in &item.fields {
                    refuse_system(&field.ty, &name)?;
                }
                name
            }
            Item::Union(item) if shown(&item.vis, &item.attrs) => {
                let name = item.ident.to_string();
                for field in &item.fields.named {
                    refuse_system(&field.ty, &name)?;
                }
                name
            }
            _ => return Ok(()),
        };
        self.names.insert(name);
        self.text.push_str(&item.to_token_stream().to_string());
        self.text.push_str("\n\n");
        Ok(())
    }
}

/// The symbol of an exported function, `None` if it is not one.
fn exported_name(function: &syn::ItemFn) -> Result<Option<String>, String> {
    let mut name = None;
    for attribute in &function.attrs {
        // #[no_mangle], #[unsafe(no_mangle)], #[export_name = "x"], #[unsafe(export_name = "x")]
        let meta = match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("unsafe") => {
                list.parse_args::<syn::Meta>().map_err(|e| e.to_string())?
            }
            meta => meta.clone(),
        };
        if meta.path().is_ident("no_mangle") {
            name = Some(function.sig.ident.to_string());
        } else if meta.path().is_ident("export_name") {
            let value = &meta.require_name_value().map_err(|e| e.to_string())?.value;
            let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = value else {
                return Err(format!("{}: export_name must be a string", function.sig.ident));
            };
            name = Some(text.value());
        }
    }
    Ok(name)
}

/// Public items are for the header; those of tests are not.
fn shown(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    let for_tests = |a: &Attribute| a.path().is_ident("cfg") && a.to_token_stream().to_string().contains("test");
    matches!(visibility, Visibility::Public(_)) && !attributes.iter().any(for_tests)
}

/// Cuts the section "# Safety" off the documentation: what it promises to Rust, the rest has said to C in its words.
fn without_safety(attributes: &mut Vec<Attribute>) {
    let text = |attribute: &Attribute| match &attribute.meta.require_name_value().map(|meta| &meta.value) {
        Ok(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => text.value(),
        _ => String::new(),
    };
    let Some(heading) = attributes.iter().position(|attribute| text(attribute).trim() == "# Safety") else { return };
    attributes.truncate(heading);
    while attributes.last().is_some_and(|attribute| text(attribute).trim().is_empty()) {
        attributes.pop();
    }
}

fn is_documentation(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

fn is_system(abi: &Option<Abi>) -> bool {
    abi.as_ref().and_then(|abi| abi.name.as_ref()).is_some_and(|name| name.value() == "system")
}

/// Makes a function pointer type, also inside an `Option`, one of plain C; whether it was the system's.
fn make_plain(ty: &mut Type) -> bool {
    match ty {
        Type::BareFn(function) if is_system(&function.abi) => {
            function.abi = Some(syn::parse_quote!(extern "C"));
            true
        }
        Type::Path(path) => path.path.segments.iter_mut().any(|segment| match &mut segment.arguments {
            syn::PathArguments::AngleBracketed(arguments) => arguments.args.iter_mut().any(|argument| match argument {
                syn::GenericArgument::Type(inner) => make_plain(inner),
                _ => false,
            }),
            _ => false,
        }),
        _ => false,
    }
}

/// A callback's convention can be put into a `typedef` only, so such a type needs a name of its own.
fn refuse_system(ty: &Type, place: &str) -> Result<(), String> {
    if make_plain(&mut ty.clone()) {
        return Err(format!("{place}: give the extern \"system\" callback's type a name: pub type NAME = Option<...>"));
    }
    Ok(())
}
