using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Pup.Grains.Projections.Documents;

/// <summary>
/// The table of one document projection and its statements. They are built once, from nothing but the projection's name, whose
/// letters are checked here again: a table's name is the one thing that cannot travel as a parameter.
/// </summary>
internal sealed class DocumentTable
{
    private const string Suffix = "_documents";
    private const int MaxIdentifierLength = 63;
    private const int MaxNameLength = 100;
    private const int DigestLength = 16;

    private static readonly SearchValues<char> _letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    public DocumentTable(string projection)
    {
        if (projection.Length is 0 or > MaxNameLength || projection.AsSpan().ContainsAnyExcept(_letters))
            throw new ArgumentException($"Projection name '{projection}' must consist of 1 to {MaxNameLength} letters, digits, '_', '.' and '-'.", nameof(projection));

        Name = NameOf(projection);
        Identifier = $"\"{Name}\"";
        Owner = $"Documents of projection '{projection}' (Pup).";
        // HOT updates need room in the page: every change of a document is an update of its row.
        Create = $"""
            create table if not exists {Identifier} (
                id text collate "C" primary key,
                document jsonb not null,
                position bigint not null,
                updated_at timestamptz not null default now()
            ) with (fillfactor = 80)
            """;
        Claim = $"comment on table {Identifier} is '{Owner.Replace("'", "''", StringComparison.Ordinal)}'";
        Truncate = $"truncate table {Identifier}";
        LoadMany = $"select id, document from {Identifier} where id = any($1)";
        Upsert = $"""
            insert into {Identifier} (id, document, position)
            select * from unnest($1, $2, $3)
            on conflict (id) do update set document = excluded.document, position = excluded.position, updated_at = now()
            """;
        Delete = $"delete from {Identifier} where id = any($1)";
        ReadMany = $"select id, document, position, updated_at from {Identifier} where id = any($1)";
        ReadContaining = $"select id, document, position, updated_at from {Identifier} where document @> $1 and ($2 is null or id > $2) order by id limit $3";
        ReadMatching = $"select id, document, position, updated_at from {Identifier} where jsonb_path_exists(document, $1::jsonpath, $2) and ($3 is null or id > $3) order by id limit $4";
    }

    /// <summary>Name of the table, unquoted.</summary>
    public string Name { get; }

    /// <summary>Name of the table as it stands in a statement.</summary>
    public string Identifier { get; }

    /// <summary>The table's comment. It says whose the table is, so that a reset never empties somebody else's.</summary>
    public string Owner { get; }

    public string Create { get; }

    public string Claim { get; }

    public string Truncate { get; }

    public string LoadMany { get; }

    public string Upsert { get; }

    public string Delete { get; }

    public string ReadMany { get; }

    public string ReadContaining { get; }

    public string ReadMatching { get; }

    // Two long names that begin alike must not meet in one table after PostgreSQL has cut them off.
    private static string NameOf(string projection)
    {
        if (projection.Length + Suffix.Length <= MaxIdentifierLength)
            return projection + Suffix;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(projection)))[..DigestLength];
        return $"{projection[..(MaxIdentifierLength - Suffix.Length - DigestLength - 1)]}_{digest}{Suffix}";
    }
}
