"""What may be used of this folder: modules of tasks, and processes by their ids."""

from __future__ import annotations

MODULE_REGISTRY = ["account"]

PROCESS_REGISTRY = {
    "hello-world": "HelloWorld",
    "signup-request": "SignupRequest",
    "signup-approval": "SignupApproval",
}
