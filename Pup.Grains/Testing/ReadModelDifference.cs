namespace Pup.Grains.Testing;

/// <summary>The first row in which two states of a read model differ.</summary>
internal static class ReadModelDifference
{
    public const string Advice = "A handler may depend on its events and its read model, and on nothing else: no clock, no randomness, "
        + "nothing kept from batch to batch. A column that may differ goes into IgnoredColumns.";

    /// <returns>The row in both states, in words; null when they are the same.</returns>
    public static string? Between(IReadOnlyList<TableRows> one, string oneName, IReadOnlyList<TableRows> other, string otherName)
    {
        foreach (var table in one)
        {
            var match = other.FirstOrDefault(candidate => candidate.Table == table.Table);
            if (match is null)
                return $"Table {table.Table} is there {oneName}, and is not {otherName}.";
            if (First(table.Rows, match.Rows) is not var (left, right))
                continue;
            var key = (left ?? right)!.Value.Key;
            return $"Table {table.Table}, row{(key.Length == 0 ? "" : " " + key)}:\n  {oneName}: {Show(left)}\n  {otherName}: {Show(right)}";
        }

        return other.FirstOrDefault(candidate => one.All(table => table.Table != candidate.Table)) is { } added
            ? $"Table {added.Table} is there {otherName}, and is not {oneName}."
            : null;
    }

    private static string Show(TableRow? row) => row?.Columns ?? "no such row";

    // Both are sorted: whatever one side has and the other has not shows at the first place where they part.
    private static (TableRow? One, TableRow? Other)? First(IReadOnlyList<TableRow> one, IReadOnlyList<TableRow> other)
    {
        for (var i = 0; i < Math.Max(one.Count, other.Count); i++)
        {
            TableRow? left = i < one.Count ? one[i] : null;
            TableRow? right = i < other.Count ? other[i] : null;
            if (left == right)
                continue;
            if (left is not { } a || right is not { } b || (a.Key == b.Key && a.Key.Length > 0))
                return (left, right);
            // Another key, or rows without one: only the lesser of the two is missing from the other side for certain.
            return a.CompareTo(b) < 0 ? (left, null) : (null, right);
        }

        return null;
    }
}
