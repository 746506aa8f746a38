gbx_library(cli_query SOURCES query_verbs.cc answer_view.cc target.cc
  DEPS cli_console cli_identity cli_policy client_forecast client_policy client_query keys
  LIBS CLI11::CLI11)

gbx_test(cli_query SOURCES answer_view_test.cc target_test.cc
  DEPS cli_query client_forecast client_query)
