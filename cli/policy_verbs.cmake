gbx_library(cli_policy SOURCES policy_verbs.cc mistakes.cc
  DEPS cli_console cli_identity keys client_policy LIBS CLI11::CLI11)
