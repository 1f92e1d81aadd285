"""A mail server with OpenSSL's side of TLS, as odd as it is told: certificates of every kind, versions and ciphers of
old, and handshakes that come to nothing. Prints its port, and for each connection that has ended what it heard:
the number of the connection, `clear` or `tls`, and the line. Ends when its standard input does.

Arguments: the file of the certificate and the key, then words:
  tls10, tls11, tls12, tls13   this version only
  ciphers=LIST                 OpenSSL's list of ciphers
  asks                         the client must show a certificate
  close, silent, text, alert   what becomes of the handshake after the 220 to STARTTLS
  inject                       a reply more comes behind that 220
  implicit                     TLS from the first byte
"""

import socket
import ssl
import sys
import threading

certificate, words = sys.argv[1], sys.argv[2:]
print_lock = threading.Lock()


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ciphers = [word.split("=", 1)[1] for word in words if word.startswith("ciphers=")]
    made.set_ciphers((ciphers or ["ALL"])[0] + ":@SECLEVEL=0")
    versions = {
        "tls10": ssl.TLSVersion.TLSv1,
        "tls11": ssl.TLSVersion.TLSv1_1,
        "tls12": ssl.TLSVersion.TLSv1_2,
        "tls13": ssl.TLSVersion.TLSv1_3,
    }
    for word in words:
        if word in versions:
            made.minimum_version = made.maximum_version = versions[word]
    if "asks" in words:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(certificate)
    made.load_cert_chain(certificate)
    return made


def broken(stream):
    """What comes in place of a handshake; false where one is to be made."""
    if "silent" in words:
        while stream.recv(4096):
            pass
    elif "text" in words:
        stream.recv(4096)
        stream.sendall(b"500 5.5.2 what?\r\n")
        while stream.recv(4096):
            pass
    elif "alert" in words:
        stream.recv(4096)
        stream.sendall(bytes([21, 3, 3, 0, 2, 2, 40]))
    elif "close" not in words:
        return False
    return True


def talk(stream, heard):
    kind = "clear"
    if "implicit" in words:
        if broken(stream):
            return
        stream, kind = tls.wrap_socket(stream, server_side=True), "tls"
    file = stream.makefile("rb")
    stream.sendall(b"220 peer.example ESMTP\r\n")
    in_data = False
    while line := file.readline():
        line = line.decode("latin-1").rstrip("\r\n")
        heard.append((kind, line))
        verb = line.upper()
        if in_data:
            in_data = line != "."
            if not in_data:
                stream.sendall(b"250 2.0.0 kept\r\n")
        elif verb.startswith("EHLO") or verb.startswith("LHLO"):
            offer = b"" if kind == "tls" else b"250-STARTTLS\r\n"
            stream.sendall(b"250-peer.example\r\n" + offer + b"250-AUTH PLAIN\r\n250 SIZE 10000000\r\n")
        elif verb == "STARTTLS":
            stream.sendall(b"220 2.0.0 go ahead\r\n" + (b"250 2.0.0 more\r\n" if "inject" in words else b""))
            if broken(stream):
                return
            stream = tls.wrap_socket(stream, server_side=True)
            file, kind = stream.makefile("rb"), "tls"
        elif verb == "DATA":
            in_data = True
            stream.sendall(b"354 go on\r\n")
        elif verb == "QUIT":
            stream.sendall(b"221 2.0.0 bye\r\n")
            return
        else:
            stream.sendall(b"235 2.7.0 ok\r\n" if verb.startswith("AUTH") else b"250 2.0.0 ok\r\n")


def serve(number, stream):
    heard = []
    try:
        with stream:
            talk(stream, heard)
    except (OSError, ssl.SSLError) as error:
        heard.append(("end", str(error)))
    with print_lock:
        for kind, line in heard:
            print(f"{number}\t{kind}\t{line}")
        print(f"{number}\tover\t", flush=True)


tls = context()
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)


def accept():
    number = 0
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(number, stream), daemon=True).start()
        number += 1


threading.Thread(target=accept, daemon=True).start()
sys.stdin.read()
