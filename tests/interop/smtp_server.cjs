'use strict'
// nodemailer's smtp-server as the tests want it: node smtp_server.cjs FOLDER PORT TLS-PORT CLEAR. Its own certificate and
// its own settings, but: STARTTLS at PORT, TLS from the first byte at TLS-PORT, none at CLEAR; nobody need log in. Stores
// each mail as it came: FOLDER/1.eml, 2.eml ... with the message's bytes, and 1.envelope ... with sender and recipients.
// What begins with "refused" is refused with 550, "later" with 450; a message with a line "X-Refuse: yes" in its header
// with 554. alice@example.test with the password "secret" may log in.
const fs = require('node:fs')
const path = require('node:path')
const { SMTPServer } = require(path.join(__dirname, '../../target/node/node_modules/smtp-server'))

const [folder, ...ports] = process.argv.slice(2)
let count = 0

function refusal(code, words) {
    return Object.assign(new Error(words), { responseCode: code })
}

function decide(address, _session, done) {
    if (address.address.startsWith('refused')) return done(refusal(550, 'nobody of this name'))
    if (address.address.startsWith('later')) return done(refusal(450, 'try later'))
    done()
}

function store(stream, session, done) {
    const pieces = []
    stream.on('data', (piece) => pieces.push(piece))
    stream.on('error', done)
    stream.on('end', () => {
        const message = Buffer.concat(pieces)
        if (message.subarray(0, message.indexOf('\r\n\r\n')).includes('X-Refuse: yes')) {
            return done(refusal(554, 'not this message'))
        }
        count += 1
        const { mailFrom, rcptTo } = session.envelope
        const way = session.secure ? 'encrypted' : 'clear'
        const people = [`from ${mailFrom.address}`, ...rcptTo.map((to) => `to ${to.address}`), `by ${way}`]
        fs.writeFileSync(path.join(folder, `${count}.eml`), message)
        fs.writeFileSync(path.join(folder, `${count}.envelope`), `${people.join('\n')}\n`)
        done(null, `stored as ${count}.eml`)
    })
}

function login(auth, _session, done) {
    const known = auth.username === 'alice@example.test' && auth.password === 'secret'
    if (known) done(null, { user: auth.username })
    else done(new Error('no such user'))
}

const kinds = [{}, { secure: true }, { hideSTARTTLS: true }]
kinds.forEach((kind, number) => {
    const server = new SMTPServer({
        ...kind,
        authOptional: true,
        disableReverseLookup: true,
        onAuth: login,
        onMailFrom: decide,
        onRcptTo: decide,
        onData: store,
    })
    // What a client does to a connection is no error of the server.
    server.on('error', (error) => console.error(error.message))
    server.listen(Number(ports[number]), '127.0.0.1')
})
