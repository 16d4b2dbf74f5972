namespace Pup.Grains.Testing;

/// <summary>All rows of a table, as JSON, in the order of their keys: independent of where they stand on the disk.</summary>
internal sealed record TableRows(string Table, IReadOnlyList<TableRow> Rows);
