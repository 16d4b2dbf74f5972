using Npgsql;

namespace Pup.Client.Connections;

/// <summary>
/// Reads <c>DATABASE_URL</c>: a <c>postgres://</c> URL as libpq takes it, or an Npgsql connection string. No message
/// repeats any part of the value: with one character of a password not encoded, every part may be a piece of it.
/// </summary>
internal static class DatabaseUrl
{
    public static string ToConnectionString(string value)
    {
        value = value.Trim();
        var builder = IsUrl(value) ? DatabaseUrlParameters.Apply(DatabaseUrlParts.Parse(value)) : ParseNpgsql(value);
        RequirePrimary(builder);
        return builder.ConnectionString;
    }

    private static bool IsUrl(string value) =>
        value.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
        || value.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    private static NpgsqlConnectionStringBuilder ParseNpgsql(string value)
    {
        if (value.Split("://", 2) is [var scheme, _] && scheme.All(char.IsAsciiLetterOrDigit))
            throw Malformed("it is a URL, but not one that starts with postgres:// or postgresql://");
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(value);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException or NotSupportedException)
        {
            throw Malformed("it is neither a postgres:// URL nor a connection string of the form Host=…;Database=…;Username=…");
        }

        if (string.IsNullOrEmpty(builder.Host))
            throw Malformed("it names no Host");
        // With spaces between its parts all of it would be the host's name, the password among it, and be said wherever a host is.
        return builder.Host.Contains('=', StringComparison.Ordinal) ? throw Malformed("its parts are separated by spaces, as libpq has it, not by semicolons") : builder;
    }

    // With several hosts Npgsql would otherwise connect to the first that answers, which may be a standby.
    private static void RequirePrimary(NpgsqlConnectionStringBuilder builder)
    {
        var target = builder.TargetSessionAttributes;
        var severalHosts = builder.Host!.Contains(',', StringComparison.Ordinal);
        if (severalHosts && target is null)
            builder.TargetSessionAttributes = "primary";
        else if (target is not (null or "any" or "primary" or "read-write") || (severalHosts && target == "any"))
            throw Malformed("its target session attributes must be 'primary': projections write, and a standby shows no locks");
    }

    internal static FormatException Malformed(string why) => new(
        $"The database address is malformed: {why}. Expected postgres://user:password@host:5432/database?sslmode=require, "
        + "with reserved characters of the password percent-encoded, or an Npgsql connection string.");
}
