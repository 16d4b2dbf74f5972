namespace Pup.Grains.Testing;

/// <summary>A row as JSON.</summary>
/// <param name="Key">Its primary key; empty where there is none.</param>
/// <param name="Columns">Its columns, less those that are ignored.</param>
internal readonly record struct TableRow(string Key, string Columns) : IComparable<TableRow>
{
    public int CompareTo(TableRow other) => string.CompareOrdinal(Key, other.Key) is var byKey and not 0 ? byKey : string.CompareOrdinal(Columns, other.Columns);
}
