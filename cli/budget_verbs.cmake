gbx_library(cli_budget SOURCES budget_verbs.cc budget_view.cc DEPS cli_console cli_files
                client_policy home_ledger keys LIBS CLI11::CLI11)

    gbx_test(cli_budget SOURCES budget_view_test.cc DEPS cli_budget)
