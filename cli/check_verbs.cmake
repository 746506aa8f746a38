gbx_library(cli_check SOURCES check_verbs.cc
  DEPS cli_console cli_files client_policy client_static LIBS CLI11::CLI11)
