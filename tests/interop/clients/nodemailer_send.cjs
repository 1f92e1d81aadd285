// Sends a message with nodemailer, from target/node: KEY=VALUE... < MESSAGE. The keys are those of README.md in the
// folder above. Says "refused ADDRESS: WHY" for each recipient that was refused and "accepted" at the end; what goes
// wrong ends it with 1.
'use strict';

const fs = require('fs');
const path = require('path');
const nodemailer = require(path.join(__dirname, '../../../target/node/node_modules/nodemailer'));

const job = { to: [] };
for (const argument of process.argv.slice(2)) {
    const at = argument.indexOf('=');
    const [key, value] = [argument.slice(0, at), argument.slice(at + 1)];
    if (key === 'to') job.to.push(value);
    else job[key] = value;
}

const transport = nodemailer.createTransport({
    host: 'localhost',
    port: Number(job.port),
    name: 'client.test',
    lmtp: job.protocol === 'lmtp',
    secure: job.tls === 'implicit',
    requireTLS: job.tls === 'start',
    ignoreTLS: job.tls === 'none',
    tls: { ca: fs.readFileSync(job.ca) },
    auth: 'user' in job ? { user: job.user, pass: job.password } : undefined,
});
const mail = {
    envelope: {
        from: job.from,
        to: job.to,
        use8BitMime: true,
        dsn: 'dsn' in job ? { id: job.dsn, return: 'headers', notify: ['success', 'failure'] } : undefined,
    },
    raw: fs.readFileSync(0),
};
transport.sendMail(mail).then(
    (done) => {
        for (const why of done.rejectedErrors || []) console.log(`refused ${why.recipient}: ${why.message}`);
        console.log('accepted');
    },
    (why) => {
        console.error(`failed: ${why.message}`);
        process.exitCode = 1;
    },
);
