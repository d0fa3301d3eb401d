"""The `ansible` driver: each verb is a playbook, run by ansible-runner in a process of its own.

A run has a folder that only its owner may enter, in memory where the system has such a place. What is secret is not
even there: Ansible's inventory, the scripts for the hosts and the passwords are asked for over a socket in that folder
(`socket.py` answers, `helper.py` and `plugins` ask), and live in the memory of processes.
"""
