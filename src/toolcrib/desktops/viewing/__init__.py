"""How people see desktops in the browser, and who of them has pointer and keyboard.

A view begins with a ticket (`tickets`), is a row while it is open (`views`), and ends when the hold, the invitation or
the sign-in does (`watch`). `bridge` carries RFB (`rfb`), `tunnel` the Guacamole protocol (`guacamole`).
"""
