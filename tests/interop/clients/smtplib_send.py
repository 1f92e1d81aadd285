"""Sends a message with Python's smtplib: KEY=VALUE... < MESSAGE. The keys are those of README.md in the folder above.

Says "refused ADDRESS CODE TEXT" for each recipient that was refused and "accepted" at the end; what goes wrong ends it
with 1.
"""

import smtplib
import ssl
import sys

job = {"to": []}
for argument in sys.argv[1:]:
    key, value = argument.split("=", 1)
    job["to"].append(value) if key == "to" else job.update({key: value})

context = ssl.create_default_context(cafile=job["ca"])
port = int(job["port"])
if job.get("protocol") == "lmtp":
    client = smtplib.LMTP("localhost", port, "client.test")
elif job["tls"] == "implicit":
    client = smtplib.SMTP_SSL("localhost", port, "client.test", timeout=30, context=context)
else:
    client = smtplib.SMTP("localhost", port, "client.test", timeout=30)
try:
    if job["tls"] == "start":
        client.starttls(context=context)
    if "user" in job:
        client.login(job["user"], job["password"])
    mail_options, rcpt_options = ["BODY=8BITMIME"], []
    if "utf8" in job:
        mail_options += ["SMTPUTF8"]
    if "dsn" in job:
        mail_options += ["RET=HDRS", "ENVID=" + job["dsn"]]
        rcpt_options += ["NOTIFY=SUCCESS,FAILURE"]
    refused = client.sendmail(job["from"], job["to"], sys.stdin.buffer.read(), mail_options, rcpt_options)
    for address, (code, text) in refused.items():
        print("refused", address, code, text.decode())
    client.quit()
except smtplib.SMTPException as why:
    sys.exit(f"failed: {why}")
print("accepted")
