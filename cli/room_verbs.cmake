gbx_library(cli_room SOURCES room_verbs.cc
  DEPS cli_console cli_identity client_provide keys policy LIBS CLI11::CLI11)
