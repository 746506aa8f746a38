gbx_library(cli_policy SOURCES policy_verbs.cc
  DEPS cli_files cli_console keys client_policy LIBS CLI11::CLI11)
