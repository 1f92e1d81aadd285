//! A certificate taken apart as far as a handshake needs it, whatever else stands in it: version 1, extensions that
//! nobody knows, dates and names that no parser would take.

/// One element of DER.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// The tag, the length and the content.
    pub(super) whole: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed: a certificate's version.
const VERSION: u8 = 0xa0;

/// The algorithm of RSA keys, 1.2.840.113549.1.1.1, as its object identifier is encoded.
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// That of keys on elliptic curves, 1.2.840.10045.2.1.
pub(super) const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Takes the next element off the front; `None` where there is no whole one.
pub(super) fn take<'a>(input: &mut &'a [u8]) -> Option<Element<'a>> {
    let whole = *input;
    let (&tag, rest) = whole.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        // In so many octets; none is the length that comes with the end, which DER does not have.
        0x81..=0x84 => {
            let (octets, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = behind;
            octets
                .iter()
                .try_fold(0, |length: usize, octet| length.checked_mul(256)?.checked_add(usize::from(*octet)))?
        }
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    *input = behind;
    Some(Element { tag, content, whole: &whole[..whole.len() - behind.len()] })
}

/// The same, and it must be of this kind.
pub(super) fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    take(input).filter(|element| element.tag == tag)
}

/// Puts a tag and a length before a content; `None` where it is longer than any key.
pub(super) fn encode(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let [high, low] = u16::try_from(content.len()).ok()?.to_be_bytes();
    let head = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    Some([&head, content].concat())
}

/// A public key.
#[derive(Clone, Copy)]
pub(super) struct PublicKey<'a> {
    /// The whole SubjectPublicKeyInfo.
    pub(super) info: &'a [u8],
    /// What stands in its AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    /// The kind of key: an object identifier.
    pub(super) kind: &'a [u8],
    /// The key itself.
    pub(super) key: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn of(info: &'a [u8]) -> Option<PublicKey<'a>> {
        let mut within = expect(&mut { info }, SEQUENCE)?.content;
        let algorithm = expect(&mut within, SEQUENCE)?.content;
        let kind = expect(&mut { algorithm }, OBJECT)?.content;
        Some(PublicKey { info, algorithm, kind, key: bits(&mut within)? })
    }

    /// The modulus of an RSA key, without zeros in front, and its exponent; `None` for keys of other kinds.
    pub(super) fn rsa(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.kind != RSA {
            return None;
        }
        let mut numbers = expect(&mut { self.key }, SEQUENCE)?.content;
        let modulus = expect(&mut numbers, INTEGER)?.content;
        let exponent = expect(&mut numbers, INTEGER)?.content;
        let zeros = modulus.iter().take_while(|octet| **octet == 0).count();
        Some((&modulus[zeros..], exponent))
    }
}

/// What a certificate says, unread.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) key: PublicKey<'a>,
    /// The algorithm of the signature, as it stands in its AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Parts<'a> {
    /// `None` where there is no key to be found (RFC 5280 section 4.1).
    pub(super) fn of(certificate: &'a [u8]) -> Option<Parts<'a>> {
        let mut outer = expect(&mut { certificate }, SEQUENCE)?.content;
        let signed = expect(&mut outer, SEQUENCE)?;
        let algorithm = expect(&mut outer, SEQUENCE)?.content;
        let signature = bits(&mut outer)?;
        let mut inner = signed.content;
        // The version, which certificates of version 1 do not have, and the serial number.
        if take(&mut inner)?.tag == VERSION {
            take(&mut inner)?;
        }
        let _algorithm_again = take(&mut inner)?;
        let issuer = take(&mut inner)?.whole;
        let _validity = take(&mut inner)?;
        let subject = take(&mut inner)?.whole;
        let key = PublicKey::of(expect(&mut inner, SEQUENCE)?.whole)?;
        Some(Parts { signed: signed.whole, issuer, subject, key, algorithm, signature })
    }
}

/// A string of bits that is one of octets.
fn bits<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    expect(input, BIT_STRING)?.content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bits)| bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_taken_apart_and_no_cut_of_it_is() {
        let made = rcgen::generate_simple_self_signed([String::from("mail.example")]).unwrap();
        let der = made.cert.der();
        let parts = Parts::of(der).unwrap();
        assert_eq!(parts.issuer, parts.subject);
        assert_eq!(parts.key.kind, ELLIPTIC);
        assert_eq!((parts.key.key.len(), parts.key.key[0]), (65, 4));
        let parsed = rustls::server::ParsedCertificate::try_from(der).unwrap();
        assert_eq!(parts.key.info, parsed.subject_public_key_info().as_ref());
        for end in 0..der.len() {
            assert!(Parts::of(&der[..end]).is_none(), "{end}");
        }
        for at in 0..der.len() {
            // Whatever is changed, it ends.
            for change in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = der.to_vec();
                changed[at] = change;
                let _ = Parts::of(&changed);
            }
        }
    }

    #[test]
    fn lengths_are_read_in_every_form() {
        assert_eq!(take(&mut &[4, 1, 7][..]).unwrap().content, [7]);
        assert_eq!(take(&mut &[4, 0x82, 0, 1, 7, 9][..]).unwrap().whole, [4, 0x82, 0, 1, 7]);
        for bad in [&[][..], &[4], &[4, 2, 7], &[4, 0x80, 7, 0, 0], &[4, 0x84, 0xff, 0xff, 0xff, 0xff, 1], &[4, 0x85]] {
            assert!(take(&mut &bad[..]).is_none(), "{bad:?}");
        }
    }
}
