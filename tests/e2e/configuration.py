"""What Postfix and Dovecot have around them beside what the pages of docs/ show."""

MAIN_CF = """\
compatibility_level = 3.6
config_directory = {directory}/etc
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.com
myorigin = $myhostname
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
biff = no
# Nothing leaves this machine.
default_transport = error:5.4.4 no route from the tests to the world
# The customers' mail provider: it takes any name, and finds out later who there is.
virtual_mailbox_domains = chat.example
virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}
virtual_alias_domains = {hosted}
virtual_alias_maps = texthash:{directory}/etc/aliases
# What waits for minutes elsewhere waits for a second here.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
transport_retry_time = 1s
"""

MASTER_CF = """\
127.0.0.1:{smtp_port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

#: What the customers' mail provider offers: filters, which answer by Postfix, and
#: mailboxes that can be full.
DOVECOT = """\
protocol lmtp {{
  mail_plugins = $mail_plugins sieve quota
}}
plugin {{
  sieve = ~/filter.sieve
  quota = maildir:Mailbox
  quota_rule = *:messages=20
  sieve_vacation_send_from_recipient = yes
}}
submission_host = 127.0.0.1:{smtp_port}
"""
