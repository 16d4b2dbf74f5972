using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pup.Tests.Scenarios.Cluster;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>
/// A network namespace for each silo, joined by a bridge whose other end is the test's own network, where the server is. Packets are
/// dropped by nft, inside the silo's namespace. Namespaces and all that is in them end with this process, also after a kill -9; the bridge, which
/// then is left, is swept by the next run.
/// </summary>
internal sealed class SiloNetwork : IAsyncDisposable
{
    private const string Hold = "ip link set lo up && echo ready && read -r _";

    private const string Bridge = """
        for old in /sys/class/net/pupb*; do [ ! -e "$old" ] || [ -e "/proc/${old##*/pupb}" ] || ip link delete "${old##*/}"; done
        ip link add "$1" type bridge && ip addr add "$2.1/24" dev "$1" && ip link set "$1" up
        """;

    private const string Join = """
        ip link add "$1" type veth peer name eth0 netns "$2" && ip link set "$1" master "$3" up &&
        nsenter --net="/proc/$2/ns/net" -- sh -c "ip addr add $4/24 dev eth0 && ip link set eth0 up"
        """;

    // To itself a silo may always speak.
    private const string Cut = """
        nsenter --net="/proc/$1/ns/net" -- nft "
            table inet cut {
                chain input { type filter hook input priority 0; iif lo accept; ip saddr $2.0/24 ip saddr $3 $2.1 drop; }
                chain output { type filter hook output priority 0; oif lo accept; ip daddr $2.0/24 ip daddr $3 $2.1 drop; }
            }"
        """;

    private const string Heal = "nsenter --net=\"/proc/$1/ns/net\" -- nft delete table inet cut";

    private readonly string _bridge = string.Create(CultureInfo.InvariantCulture, $"pupb{Environment.ProcessId}");
    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"10.213.{(Environment.ProcessId % 250) + 1}");
    private readonly List<Process> _holders = [];

    private SiloNetwork()
    {
    }

    /// <summary>Where the server is reached from the silos.</summary>
    public IPAddress Server => IPAddress.Parse(_prefix + ".1");

    /// <returns>Null where namespaces or nft cannot be used.</returns>
    public static async Task<SiloNetwork?> TryCreateAsync(int silos)
    {
        if (!Environment.IsPrivilegedProcess)
            return null;
        var network = new SiloNetwork();
        try
        {
            await RunAsync(Bridge, network._bridge, network._prefix);
            for (var silo = 0; silo < silos; silo++)
                await network.AddAsync(silo);
            // Once for nothing: it is not everywhere.
            await network.CutFromSilosAsync(0);
            await network.HealAsync(0);
            return network;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"no network of its own for each silo: {exception.Message}");
            await network.DisposeAsync();
            return null;
        }
    }

    public SiloPlace Of(int silo) => new(IPAddress.Parse(AddressOf(silo)), ["nsenter", $"--net=/proc/{_holders[silo].Id}/ns/net", "--"]);

    /// <summary>The kernel's list of the sockets in a silo's namespace.</summary>
    public string SocketsOf(int silo) => $"/proc/{_holders[silo].Id}/net/tcp";

    /// <summary>Drops all packets between this silo and the others.</summary>
    public Task CutFromSilosAsync(int silo) => RunAsync(Cut, $"{_holders[silo].Id}", _prefix, "!=");

    /// <summary>Drops all packets between this silo and the server.</summary>
    public Task CutFromServerAsync(int silo) => RunAsync(Cut, $"{_holders[silo].Id}", _prefix, "==");

    public Task HealAsync(int silo) => RunAsync(Heal, $"{_holders[silo].Id}");

    public async ValueTask DisposeAsync()
    {
        foreach (var holder in _holders)
        {
            holder.StandardInput.Close();
            await holder.WaitForExitAsync();
            holder.Dispose();
        }

        await RunAsync("ip link delete \"$1\" 2>/dev/null || true", _bridge);
    }

    private string AddressOf(int silo) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}.{11 + silo}");

    private async Task AddAsync(int silo)
    {
        var holder = Process.Start(new ProcessStartInfo("unshare", ["--net", "/bin/sh", "-c", Hold])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _holders.Add(holder);
        if (await holder.StandardOutput.ReadLineAsync() != "ready")
            throw new InvalidOperationException("unshare --net is refused");
        await RunAsync(Join, $"{_bridge}s{silo}"[3..], $"{holder.Id}", _bridge, AddressOf(silo));
    }

    private static async Task RunAsync(string script, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, "sh", .. arguments]) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(error.Trim());
    }
}
