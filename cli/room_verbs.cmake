gbx_library(cli_room SOURCES room_verbs.cc
  DEPS cli_budget cli_console cli_identity cli_policy client_policy client_provide keys policy
  LIBS CLI11::CLI11)
