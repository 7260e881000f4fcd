terraform {
  backend "local" {
    path = "$DEPLOYED/dev/network.tfstate"
  }
}

module "network" {
  source      = "../../../modules/network"
  environment = "dev"
  cidr        = "10.10.0.0/16"
  subnet_size = 256
}

output "deployed" {
  value = module.network.deployed
}
