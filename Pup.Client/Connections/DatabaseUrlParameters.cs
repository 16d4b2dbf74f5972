using System.Globalization;
using Npgsql;

namespace Pup.Client.Connections;

/// <summary>What the parts of a database URL mean to Npgsql; the parameter names are libpq's.</summary>
internal static class DatabaseUrlParameters
{
    private const string Known =
        "sslmode, sslrootcert, sslcert, sslkey, sslpassword, host, port, user, password, passfile, dbname, application_name, "
        + "connect_timeout, options, search_path, target_session_attrs";

    public static NpgsqlConnectionStringBuilder Apply(DatabaseUrlParts parts)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Username = parts.User,
            Password = parts.Password,
            Database = parts.Database,
        };
        var hosts = parts.Hosts;
        string? ports = null;
        foreach (var (name, value) in parts.Parameters)
        {
            if (name == "host")
                hosts = [.. value.Split(',').Select(host => new DatabaseHost(host, null))];
            else if (name == "port")
                ports = value;
            else
                Apply(builder, name, value);
        }

        ApplyHosts(builder, WithPorts(hosts, ports));
        if (builder is { RootCertificate: not null, SslMode: SslMode.Require })
            builder.SslMode = SslMode.VerifyCA; // As libpq does: a root certificate is given to be checked.
        return builder;
    }

    private static void Apply(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                builder.SslMode = SslModeOf(value);
                break;
            case "sslrootcert":
                builder.RootCertificate = ExistingFile(name, value);
                break;
            case "sslcert":
                builder.SslCertificate = ExistingFile(name, value);
                break;
            case "sslkey":
                builder.SslKey = ExistingFile(name, value);
                break;
            case "sslpassword":
                builder.SslPassword = value;
                break;
            case "user":
                builder.Username = value;
                break;
            case "password":
                builder.Password = value;
                break;
            case "passfile":
                builder.Passfile = value;
                break;
            case "dbname":
                builder.Database = value;
                break;
            case "application_name":
                builder.ApplicationName = value;
                break;
            case "connect_timeout":
                builder.Timeout = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 1024
                    ? seconds
                    : throw DatabaseUrl.Malformed("connect_timeout is not a number of seconds from 0 to 1024");
                break;
            case "options":
                builder.Options = value;
                break;
            case "search_path": // Not libpq's, but lib/pq's and pgx's.
                builder.SearchPath = value;
                break;
            case "target_session_attrs":
                builder.TargetSessionAttributes = value is "read-write" or "primary" or "any"
                    ? value
                    : throw DatabaseUrl.Malformed("target_session_attrs must be 'primary' or 'read-write'");
                break;
            default:
                throw DatabaseUrl.Malformed($"a parameter after '?' is not one that is known here ({Known})");
        }
    }

    private static SslMode SslModeOf(string value) => value switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw DatabaseUrl.Malformed("sslmode must be disable, allow, prefer, require, verify-ca or verify-full"),
    };

    // Said now, since Npgsql would say it at the first connection, long after the start.
    private static string ExistingFile(string name, string path) =>
        File.Exists(path) ? path : throw DatabaseUrl.Malformed($"the file that {name} names does not exist or may not be read");

    private static IReadOnlyList<DatabaseHost> WithPorts(IReadOnlyList<DatabaseHost> hosts, string? ports)
    {
        if (ports is null)
            return hosts;
        var numbers = ports.Split(',').Select(DatabaseHost.ParsePort).ToArray();
        if (hosts.Count == 0)
            hosts = [new DatabaseHost("localhost", null)];
        if (numbers.Length != 1 && numbers.Length != hosts.Count)
            throw DatabaseUrl.Malformed("the numbers of hosts and ports differ");
        return [.. hosts.Select((host, i) => host with { Port = numbers[numbers.Length == 1 ? 0 : i] })];
    }

    private static void ApplyHosts(NpgsqlConnectionStringBuilder builder, IReadOnlyList<DatabaseHost> hosts)
    {
        if (hosts is [{ Name: "" }])
            hosts = [hosts[0] with { Name = "localhost" }];
        if (hosts.Any(host => host.Name.Length == 0))
            throw DatabaseUrl.Malformed("a host is empty");
        if (hosts.Count <= 1)
        {
            builder.Host = hosts.Count == 0 ? "localhost" : hosts[0].Name.Trim('[', ']');
            builder.Port = hosts is [{ Port: { } port }] ? port : 5432;
        }
        else if (hosts.Any(host => host.IsSocket))
        {
            throw DatabaseUrl.Malformed("a socket directory cannot be one of several hosts");
        }
        else
        {
            builder.Host = string.Join(',', hosts);
        }
    }
}
