#include "client/prepare/own_rows.h"

#include <algorithm>

#include "client/prepare/failure.h"
#include "client/prepare/parquet.h"

namespace gbx::prepare {
namespace {

struct Opened {
  std::unique_ptr<RowSource> source;
  std::unique_ptr<RowReader> reader;
};

Opened open(const TableManifest& manifest) {
  const std::string path = manifest.resolve(manifest.source_file);
  Opened out;
  if (manifest.format == "parquet") {
    out.source = open_parquet(path);
    out.reader = std::make_unique<CellReader>(out.source->header().size());
    return out;
  }
  auto csv = std::make_unique<CsvSource>(path, manifest.dialect);
  out.reader = std::make_unique<CsvReader>(csv->dialect(), csv->header().size());
  out.source = std::move(csv);
  return out;
}

std::size_t place_of(const std::string& column, const RowSource& source,
                     const TableManifest& manifest) {
  const std::vector<std::string>& header = source.header();
  const auto found = std::find(header.begin(), header.end(), column);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  const std::vector<std::string_view> names(header.begin(), header.end());
  const std::string near = nearest(column, names);
  throw Failure(manifest.source_file + " has no column \"" + column + "\"" +
                (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

}  // namespace

std::vector<OwnRow> own_rows(const TableManifest& manifest, const TokenMaker& token,
                             TokenSet wanted, const std::vector<std::string>& columns) {
  const Opened opened = open(manifest);
  const ColumnSpec& person = manifest.person();
  const std::size_t person_place = place_of(person.source, *opened.source, manifest);
  std::vector<std::size_t> places;
  for (const std::string& column : columns) {
    places.push_back(place_of(column, *opened.source, manifest));
  }
  if (places.empty()) places.push_back(person_place);
  const auto normaliser = make_normaliser(*person.identifier, manifest.region);
  std::vector<OwnRow> out;
  std::string normal;
  Batch batch;
  Row row;
  while (!wanted.empty() && opened.source->next(batch)) {
    opened.reader->start(batch);
    while (opened.reader->next(row)) {
      // Rows that were no row for the snapshot are none here.
      if (row.rejected || !normaliser->normalise(row.fields[person_place].text, normal)) continue;
      const Token found = token(normal);
      if (wanted.erase(found) == 0) continue;
      OwnRow& own = out.emplace_back(OwnRow{found, {}});
      for (const std::size_t place : places) own.values.emplace_back(row.fields[place].text);
    }
  }
  return out;
}

}  // namespace gbx::prepare
