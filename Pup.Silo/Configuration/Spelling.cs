namespace Pup.Silo.Configuration;

/// <summary>What somebody meant who mistyped it.</summary>
internal static class Spelling
{
    /// <summary>A question that ends a sentence: <c> Did you mean 'status'?</c>; empty when nothing known is like it.</summary>
    public static string Suggest(string word, IEnumerable<string> known)
    {
        var closest = known.Select(name => (Name: name, Distance: Distance(word.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(candidate => candidate.Distance <= Math.Max(1, candidate.Name.Length / 4))
            .OrderBy(static candidate => candidate.Distance)
            .FirstOrDefault();
        return closest.Name is null ? "" : $" Did you mean '{closest.Name}'?";
    }

    // Letters to insert, to leave out, to replace or to swap with their neighbour.
    private static int Distance(string one, string other)
    {
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0 ? i + j
                    : Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[one.Length, other.Length];
    }
}
