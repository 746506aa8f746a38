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

Failure failure_of_refusal(const enclave::Refusal& refusal, const std::string& sql,
                           const policy::Policy& policy) {
  const client::RefusalText text =
      client::explain_refusal({refusal.code, refusal.reason, refusal.where}, sql, &policy);
  Failure failure(text.what, text.where, text.why, text.next);
  failure.with(refusal.code, refusal.reason);
  return failure;
}

Failure failure_of_host(const std::string& what, const client::HostRefused& refused) {
  const enclave::Refusal& claimed = refused.claimed();
  const std::string said =
      "it says " + std::string(error_code_name(claimed.code)) + " (" + claimed.reason + ")";
  return failure_in_words(what, said, refused.error());
}

Failure failure_of_asking(const std::string& where, const std::string& sql,
                          const policy::Policy& policy) {
  try {
    throw;
  } catch (const client::RoomRefused& error) {
    return failure_of_refusal(error.refusal(), sql, policy);
  } catch (const client::HostRefused& error) {
    return failure_of_host("no answer came", error);
  } catch (const client::RoomUnverified& error) {
    return failure_in_words("the room cannot be trusted", where, error.error());
  } catch (const client::ConnectionError& error) {
    return {"the room cannot be reached", where, error.what(), "see whether gloveboxd runs there"};
  }
}

}  // namespace gbx::cli
