"""The release, which is the server's too."""

VERSION = "0.2.0"
