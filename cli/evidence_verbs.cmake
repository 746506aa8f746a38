gbx_library(cli_evidence SOURCES evidence_verbs.cc trust_verbs.cc
  DEPS cli_console cli_files client_evidence client_policy keys
  LIBS CLI11::CLI11)
