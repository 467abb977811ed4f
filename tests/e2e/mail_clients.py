"""Real mail clients, as customers use them: they read a mailbox by IMAP, quote and answer."""

from __future__ import annotations

import email.policy
import html
import os
import pty
import re
import select
import subprocess
import tempfile
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING

from story import emails

if TYPE_CHECKING:
    from dovecot import User
    from mail_servers import PostOffice

MUTTRC = """\
set folder = "imaps://localhost:{imaps_port}/"
set spoolfile = "imaps://localhost:{imaps_port}/INBOX"
set imap_user = "{name}"
set imap_pass = "{password}"
set certificate_file = "{ca_file}"
set smtp_url = "smtp://127.0.0.1:{smtp_port}/"
set from = "{name}"
set realname = "Ada"
set use_envelope_from = yes
set hostname = "chat.example"
set editor = "{editor}"
set ssl_force_tls = no
set fast_reply = yes
set include = yes
set reply_to = yes
set record = "imaps://localhost:{imaps_port}/INBOX"
set quit = yes
set sleep_time = 0
set timeout = 5
push "<last-entry><reply>"
"""

#: What a person does in an editor: put the answer above what is quoted, or below.
EDITOR = """\
#!/bin/sh
{{ {order}; }} >"$1.new" && mv "$1.new" "$1"
"""


def mutt(office: PostOffice, user: User, text: str, *, below: bool = False) -> None:
    """Reply with mutt to the last mail in a mailbox. Mutt knows no other way to quote a mail than
    on its screen, so it gets a terminal.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text").write_text(f"{text}\n")
        parts = ('cat "$1"', f"cat {folder}/text") if below else (f"cat {folder}/text", 'cat "$1"')
        editor = folder / "editor"
        editor.write_text(EDITOR.format(order="; ".join(parts)))
        editor.chmod(0o755)
        (folder / "muttrc").write_text(
            MUTTRC.format(
                imaps_port=office.dovecot.imaps_port,
                name=user.name,
                password=user.password,
                ca_file=office.dovecot.ca_file,
                smtp_port=office.smtp_port,
                editor=editor,
            )
        )
        environment = {
            "HOME": name, "TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"],
        }  # fmt: skip
        _on_terminal(
            ["mutt", "-n", "-F", f"{folder}/muttrc"],
            environment,
            [(b"y:Send", b"y"), (b"Mail sent", b"q")],
        )


def _on_terminal(
    command: list[str],
    environment: dict[str, str],
    keys: list[tuple[bytes, bytes]],
    seconds: float = 20,
) -> None:
    """Run a program on a terminal to its end. `keys`: what it shows, and what is typed then."""
    ours, theirs = pty.openpty()
    screen, since = b"", 0
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            while process.poll() is None:
                assert time.monotonic() < deadline, screen[-2000:]
                if select.select([ours], [], [], 0.05)[0]:
                    screen += os.read(ours, 65536)
                if keys and keys[0][0] in screen[since:]:
                    since = len(screen)
                    os.write(ours, keys.pop(0)[1])
        except OSError:  # the other side is closed: it has ended
            pass
        except AssertionError:
            process.kill()
            raise
        finally:
            os.close(ours)
        assert process.wait(seconds) == 0, screen[-2000:]


def s_nail(office: PostOffice, user: User, text: str) -> None:
    """Reply with s-nail in batch mode to the first mail in a mailbox, below what is quoted."""
    with tempfile.TemporaryDirectory() as name:
        variables = {
            "v15-compat": "yes",
            "password": user.password,
            "imap-auth": "login",
            "tls-ca-file": str(office.dovecot.ca_file),
            "tls-ca-no-defaults": "yes",
            "mta": f"smtp://127.0.0.1:{office.smtp_port}",
            "smtp-auth": "none",
            "from": f"Ada <{user.name}>",
            "hostname": "chat.example",
            "sendwait": "yes",
            "quote": "yes",
            "reply-to-honour": "yes",
            "indentprefix": "> ",
            "ttycharset": "utf-8",
            "sendcharsets": "utf-8",
        }
        options = [word for key, value in variables.items() for word in ("-S", f"{key}={value}")]
        address = user.name.replace("@", "%40")
        mailbox = f"imaps://{address}@localhost:{office.dovecot.imaps_port}/INBOX"
        done = subprocess.run(
            ["s-nail", "-#", "-:/", *options, "-f", mailbox],
            input=f"Reply 1\n{text}\n~.\nquit\n".encode(),
            capture_output=True,
            timeout=30,
            env={"HOME": name, "LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
        )
        assert done.returncode == 0, done.stdout + done.stderr


def gmail(office: PostOffice, user: User, text: str) -> None:
    """Reply to the last mail as Gmail's web page does: in HTML, above the mail as it shows it."""
    answered = emails(user)[-1]
    plain, marked_up = answered.iter_parts()
    author = answered["From"].addresses[0]
    when = answered["Date"].datetime.strftime("%a, %b %-d, %Y at %-I:%M\N{NARROW NO-BREAK SPACE}%p")
    head = f"On {when} {author.display_name} <{author.addr_spec}> wrote:"
    link = f'&lt;<a href="mailto:{author.addr_spec}">{author.addr_spec}</a>&gt;'
    shown_head = html.escape(head).replace(html.escape(f"<{author.addr_spec}>"), link)
    quoted = "".join(f"> {line}\n" for line in plain.get_content().splitlines())
    shown = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.splitlines())
    reply = EmailMessage()
    reply["MIME-Version"] = "1.0"
    reply["References"] = reply["In-Reply-To"] = answered["Message-ID"]
    reply["From"] = f"Ada Lovelace <{user.name}>"
    reply["Date"] = formatdate()
    reply["Message-ID"] = make_msgid(domain="mail.gmail.example")
    reply["Subject"] = f"Re: {answered['Subject']}"
    reply["To"] = answered["Reply-To"]
    reply.set_content(f"{text}\n{head}\n\n{quoted}")
    reply.add_alternative(
        f'<div dir="ltr">{shown}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{shown_head}<br></div><blockquote class="gmail_quote" '
        'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">'
        f"{_as_gmail_keeps(marked_up.get_content())}</blockquote></div>\n",
        subtype="html",
    )
    office.send(user.name, str(answered["Reply-To"]), reply.as_bytes(policy=email.policy.SMTP))


def _as_gmail_keeps(page: str) -> str:
    """What Gmail leaves of a page: no head, no comments, classes renamed, no class of its own."""
    body = page[page.index("<body") : page.index("</body>")].partition(">")[2]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    return "<u></u>" + re.sub(r'class="([^"]+)"', r'class="m_-5118304262340593152\1"', body)
