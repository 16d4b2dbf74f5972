using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;

namespace Pup.Tests.Silo.Clustering;

public sealed class AdvertisedAddressTests
{
    [Theory]
    [InlineData("Host=/run/postgresql;Database=shop")]
    [InlineData("Host=127.0.0.1;Database=shop")]
    [InlineData("Host=localhost:5433,localhost:5434;Database=shop")]
    public void With_a_local_database_it_is_loopback(string connectionString) =>
        Assert.Equal(IPAddress.Loopback, AdvertisedAddress.Resolve(new ClusterSettings(), connectionString));

    [Fact]
    public void With_a_database_elsewhere_it_is_the_address_that_reaches_it()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address))
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        // A machine without a network has no address to reach anything from, and falls back to loopback.
        Assert.Contains(AdvertisedAddress.Resolve(new ClusterSettings(), "Host=192.0.2.1;Database=shop"), own.Append(IPAddress.Loopback));
    }

    [Fact]
    public void What_is_configured_is_taken_and_a_name_that_nobody_knows_is_refused()
    {
        Assert.Equal(IPAddress.Parse("10.1.2.3"), AdvertisedAddress.Resolve(new ClusterSettings { AdvertisedAddress = "10.1.2.3" }, "Host=db"));
        var error = Assert.Throws<ConfigurationException>(() => AdvertisedAddress.Resolve(new ClusterSettings { AdvertisedAddress = "no.such.host.invalid" }, "Host=db"));
        Assert.Contains("no.such.host.invalid", error.Message, StringComparison.Ordinal);
    }
}
