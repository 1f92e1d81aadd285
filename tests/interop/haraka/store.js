'use strict'
// Haraka as the tests want it: stores each mail as it came, in HELO_STORE: 1.eml, 2.eml ... with the message's bytes,
// and 1.envelope ... with sender and recipients. What begins with "refused" is refused with 550, "later" with 450;
// a message with a line "X-Refuse: yes" in its header with 554.
const fs = require('node:fs')
const path = require('node:path')
const { Writable } = require('node:stream')

const folder = process.env.HELO_STORE
let count = 0

exports.register = function () {
    this.register_hook('lookup_rdns', 'peer')
    this.register_hook('mail', 'sender')
    this.register_hook('rcpt', 'recipient')
    this.register_hook('queue', 'store')
}

function decide(next, user, yes) {
    if (user?.startsWith('refused')) return next(DENY, 'nobody of this name')
    if (user?.startsWith('later')) return next(DENYSOFT, 'try later')
    next(yes)
}

// Nobody is asked for names.
exports.peer = (next) => next(OK, 'localhost')
exports.sender = (next, _connection, parameters) => decide(next, parameters[0].user, OK)
exports.recipient = (next, _connection, parameters) => decide(next, parameters[0].user, OK)

exports.store = (next, connection) => {
    const transaction = connection?.transaction
    if (!transaction) return next(DENYSOFT, 'no transaction')
    if (transaction.header.get('X-Refuse')) return next(DENY, 'not this message')
    const pieces = []
    const memory = new Writable({ write: (piece, _encoding, done) => (pieces.push(piece), done()) })
    memory.on('finish', () => {
        count += 1
        const people = [`from ${transaction.mail_from.address}`, ...transaction.rcpt_to.map((to) => `to ${to.address}`)]
        fs.writeFileSync(path.join(folder, `${count}.eml`), Buffer.concat(pieces))
        fs.writeFileSync(path.join(folder, `${count}.envelope`), `${people.join('\n')}\n`)
        next(OK, `stored as ${count}.eml`)
    })
    transaction.message_stream.pipe(memory)
}
