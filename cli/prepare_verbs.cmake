gbx_library(cli_prepare SOURCES prepare_verbs.cc
  DEPS cli_console cli_files keys policy prepare LIBS CLI11::CLI11)
