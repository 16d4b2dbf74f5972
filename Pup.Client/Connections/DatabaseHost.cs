using System.Globalization;

namespace Pup.Client.Connections;

/// <summary>One host of a database URL: a name, an address, or the directory of a socket.</summary>
internal sealed record DatabaseHost(string Name, int? Port)
{
    public bool IsSocket => Name.StartsWith('/') || Name.StartsWith('@');

    public static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? port
            : throw DatabaseUrl.Malformed("a port is not a number from 1 to 65535 (is a ':', '/' or '@' in the password not percent-encoded?)");

    public override string ToString() => Port is { } port ? $"{Name}:{port.ToString(CultureInfo.InvariantCulture)}" : Name;
}
