gbx_library(cli_identity SOURCES identity_verbs.cc token_key_verbs.cc
  DEPS cli_files cli_console keys policy LIBS CLI11::CLI11)
