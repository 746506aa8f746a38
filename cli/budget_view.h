#pragma once

// How a home ledger looks in a terminal: for each population a bar, what is spent for good, what is
// allotted to rooms that have not given back, what is free, and who got it. A loss in zcdp is also
// shown as the epsilon that it is worth.

#include <string>

#include "client/ledger/population.h"

namespace gbx::cli {

// "epsilon 0.5, delta 2.5e-7"; of a rho, with the epsilon that it is worth by the tight conversion
// (privacy::epsilon_of_rho()), the total's delta paying for it again, as privacy::limit_for() has
// it: "rho 0.02, delta 0 (epsilon 0.93 at delta 5e-7)".
std::string amount_text(privacy::Accounting accounting, privacy::Price amount,
                        privacy::Price total);

// One character for each 40th of the loss: '#' spent, '=' allotted, '.' free. What there is of
// anything is at least one character.
std::string budget_bar(const client::Population& population);

std::string budget_text(const client::Population& population);
// The same for programs, with every allotment and total.
Json budget_json(const client::Population& population);

}  // namespace gbx::cli
