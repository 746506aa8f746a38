// CSV of any bytes: the pieces of the cut add up to the text, and a reader takes each piece apart
// without a fault, with rows that end where the grammar says.

#include <cstdlib>

#include "client/prepare/csv.h"
#include "client/prepare/identifier.h"
#include "client/prepare/pii.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx::prepare;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Dialect dialect = sniff_dialect(text);
  const RecordCut cut = cut_records(text, dialect);
  if (cut.whole > size) std::abort();
  std::size_t records = 0;
  for (std::size_t at = 0; at < cut.whole; records++) {
    RecordScanner scanner(dialect);
    at += scanner.scan(text.substr(at));
    if (!scanner.at_end() || at > cut.whole) std::abort();
  }
  Batch batch;
  batch.bytes.assign(data, data + cut.whole);
  batch.size = cut.whole;
  CsvReader reader(dialect, 0);
  reader.start(batch);
  Row row;
  std::size_t rows = 0;
  std::string normal;
  while (reader.next(row)) {
    rows++;
    for (const Field& field : row.fields) {
      if (field.text.size() > size) std::abort();
      static_cast<void>(find_pii(field.text, ""));
      // What is normal stays as it is.
      if (std::string again; normalise_email(field.text, normal)) {
        if (!normalise_email(normal, again) || again != normal) std::abort();
      }
    }
  }
  if (rows > records) std::abort();  // empty lines are no rows
  return 0;
}
