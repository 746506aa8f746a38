#include "cli/mistakes.h"

namespace gbx::cli {

Failure failure_of_mistake(const client::Mistake& mistake) {
  Failure failure(mistake.what(), mistake.where(), mistake.why(), mistake.next());
  if (mistake.error()) failure.with(*mistake.error());
  return failure;
}

Failure failure_in_words(const std::string& what, const std::string& where, const Error& error) {
  const client::Wording* wording = client::find_wording(error.reason.view());
  const std::string reason(error.reason.view());
  Failure failure(what, where, wording == nullptr ? reason : std::string(wording->means),
                  wording == nullptr ? "" : std::string(wording->next));
  failure.with(error);
  return failure;
}

Failure failure_of_host(const std::string& what, const client::HostRefused& refused) {
  const enclave::Refusal& claimed = refused.claimed();
  const std::string said =
      "it says " + std::string(error_code_name(claimed.code)) + " (" + claimed.reason + ")";
  return failure_in_words(what, said, refused.error());
}

}  // namespace gbx::cli
