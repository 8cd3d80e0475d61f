"""The real agent CLIs, against a scripted model on loopback; ``.ci/run`` installs them."""
